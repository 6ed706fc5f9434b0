"""DICOM objects that are no image to label, each with its plain sentence."""

from typing import Final

from maskloop.formats.errors import Refused

DIRECTORY: Final = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage: a DICOMDIR
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_LABELS_NOT_YET: Final = "Label objects are not read yet"

_KINDS: Final = {
    # prefix of the SOP class below 1.2.840.10008.5.1.4.1.1: (code, sentence); the longest prefix counts
    "66.4": ("label-object", f"A DICOM segmentation. {_LABELS_NOT_YET}"),
    "66.5": ("label-object", f"A DICOM surface segmentation. {_LABELS_NOT_YET}"),
    "66.6": ("label-object", f"A DICOM tractography result. {_LABELS_NOT_YET}"),
    "66.7": ("label-object", f"A DICOM label map segmentation. {_LABELS_NOT_YET}"),
    "481.3": ("label-object", f"An RT structure set. {_LABELS_NOT_YET}"),
    "91.1": ("label-object", f"Microscopy annotations. {_LABELS_NOT_YET}"),
    "88": ("not-an-image", "A structured report or key object note: it holds no image"),
    "11": ("not-an-image", "A presentation state: it says how to show an image and holds none"),
    "66": ("not-an-image", "Raw data, a registration or fiducials: not an image to label"),
    "66.1": ("not-an-image", "A spatial registration: it holds no image"),
    "66.2": ("not-an-image", "Spatial fiducials: they hold no image"),
    "66.3": ("not-an-image", "A deformable registration: it holds no image"),
    "9": ("not-an-image", "A waveform: it holds no image"),
    "104": ("not-an-image", "A document or mesh inside DICOM: not an image to label"),
    "77.1.6": ("whole-slide", "A whole slide image. Whole slides are not read yet"),
    "77.1.1.1": ("video", "A video. Videos are not read"),
    "77.1.2.1": ("video", "A video. Videos are not read"),
    "77.1.4.1": ("video", "A video. Videos are not read"),
    "481.2": ("not-an-image", "An RT dose grid: not an image to label"),
    "481": ("not-an-image", "A radiotherapy plan or record: it holds no image"),
    "78": ("not-an-image", "Eye measurements: they hold no image"),
}
_IMAGES: Final = ("481.1",)  # RT Image: a radiograph of the treatment beam
_MODALITIES: Final = {
    "SEG": "66.4",
    "RTSTRUCT": "481.3",
    "RTPLAN": "481",
    "RTDOSE": "481.2",
    "RTRECORD": "481",
    "SR": "88",
    "KO": "88",
    "PR": "11",
    "REG": "66.1",
    "ANN": "91.1",
}


def require_image(sop_class: str, modality: str) -> None:
    """Raise `Refused` with the kind's sentence when the object is not an image to label.

    Parameters
    ----------
    sop_class : str
        SOP Class UID; empty when the file names none, then the modality decides.
    modality : str
    """
    kind = _kind_of(sop_class) or (None if sop_class else _MODALITIES.get(modality))
    if kind is not None:
        code, sentence = _KINDS[kind]
        raise Refused(code, sentence)


def _kind_of(sop_class: str) -> str | None:
    if not sop_class.startswith(_STORAGE):
        return None
    parts = sop_class.removeprefix(_STORAGE).split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in _IMAGES:
            return None
        if prefix in _KINDS:
            return prefix
    return None
