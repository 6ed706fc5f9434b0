"""What a call can end in besides an answer."""


class MaskloopError(Exception):
    """The server refused, or could not be reached; `code` is stable, the text is a sentence."""

    def __init__(self, message: str, *, code: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class JobFailed(MaskloopError):
    """A job ended as failed or cancelled."""
