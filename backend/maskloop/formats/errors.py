"""What is said about a file that is not taken: a stable code and a sentence without names."""

from maskloop.imaging.errors import ImagingError


class Refused(ImagingError):
    """A file is not taken. `detail` is the sentence for the person; it holds no name, path or library message."""

    code = "refused"

    def __init__(self, code: str, detail: str, *, hint: str = "") -> None:
        super().__init__(detail, code=code)
        self.hint = hint


class BrokenFile(ImagingError):
    """One of our own files (pixel file, export) does not hold what it says: never shown as a picture."""

    code = "broken-file"


class CannotCarry(ImagingError):
    """A format cannot carry what it is asked to: nothing was written."""

    code = "cannot-carry"
