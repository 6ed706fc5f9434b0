"""What inference refuses, each with a stable code and a sentence for the person."""

from maskloop.imaging.errors import ImagingError


class InferenceError(ImagingError):
    """A segmenter could not answer."""

    code = "inference-failed"


class ModelRefused(InferenceError):
    """The file is no model that we run."""

    code = "model-refused"


class ManifestInvalid(InferenceError):
    """The manifest contradicts itself or the file."""

    code = "manifest-invalid"


class ParameterInvalid(InferenceError):
    """A parameter is unknown, of another type, or out of its range."""

    code = "parameter-invalid"


class OutputInvalid(InferenceError):
    """The network answered with something that is no segmentation."""

    code = "model-output-invalid"


class ImageUnsuitable(InferenceError):
    """This segmenter does not take this image."""

    code = "image-unsuitable"


class InferenceCancelled(InferenceError):
    """Stopped by request, or by its time limit."""

    code = "inference-cancelled"
