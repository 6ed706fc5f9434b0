"""Errors of the pure numerics: a stable code and a sentence, no HTTP status."""


class ImagingError(ValueError):
    """Numbers that cannot be worked with: a stable `code` and a sentence that names the value and the limit."""

    code = "imaging"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class GeometryError(ImagingError):
    """A grid that is not a grid: not finite, degenerate, or contradicting itself."""

    code = "bad-geometry"


class ShapeError(ImagingError):
    """Arrays whose shape or type does not fit what is asked of them."""

    code = "bad-shape"
