"""What of a DICOM header may be stored: an allow-list, pseudonymous keys, and a check for names.

The list is the table that full de-identification (PS3.15 Annex E) completes. What is not named here is not stored
in rows or in the DICOM JSON of a series; the packed originals are another matter and stay with the project.
"""

import hashlib
import hmac
import math
import re
from collections.abc import Iterator
from typing import Final

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from maskloop.formats.dicom_values import VALUE_ERRORS, items, raw_value, texts

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ALLOWED_KEYWORDS: Final = _words(
    """
    AcquisitionMatrix AcquisitionNumber BitsAllocated BitsStored BodyPartExamined BurnedInAnnotation Columns
    ContrastBolusIngredient ConversionType ConvolutionKernel CorrectedImage DataCollectionDiameter DecayCorrection
    DecayFactor DiffusionBValue DiffusionDirectionality DiffusionGradientOrientation DimensionIndexPointer
    DimensionIndexValues DimensionOrganizationType DimensionOrganizationUID DistanceSourceToDetector
    DistanceSourceToPatient EchoNumbers EchoTime EchoTrainLength EffectiveEchoTime
    EstimatedRadiographicMagnificationFactor Exposure ExposureInmAs ExposureTime FilterType FlipAngle FocalSpots
    FrameAcquisitionNumber FrameOfReferenceUID FrameTime FrameType FunctionalGroupPointer GantryDetectorTilt
    HighBit ImageLaterality ImageOrientationPatient ImagePositionPatient ImagedNucleus ImagerPixelSpacing
    ImageType ImagingFrequency InPlanePhaseEncodingDirection InStackPositionNumber InstanceNumber InversionTime
    KVP LargestImagePixelValue Laterality LongitudinalTemporalInformationModified LossyImageCompression
    LossyImageCompressionMethod LossyImageCompressionRatio MagneticFieldStrength Manufacturer
    ManufacturerModelName Modality MRAcquisitionType NominalScannedPixelSpacing NumberOfAverages NumberOfFrames
    NumberOfTemporalPositions PatientIdentityRemoved PatientOrientation PatientPosition PercentPhaseFieldOfView
    PercentSampling PhotometricInterpretation PhysicalDeltaX PhysicalDeltaY PhysicalUnitsXDirection
    PhysicalUnitsYDirection PixelAspectRatio PixelBandwidth PixelPaddingRangeLimit PixelPaddingValue
    PixelRepresentation PixelSpacing PixelSpacingCalibrationType PlanarConfiguration PresentationLUTShape
    RealWorldValueIntercept RealWorldValueSlope RecognizableVisualFeatures ReconstructionDiameter RegionDataType
    RegionFlags RegionLocationMaxX1 RegionLocationMaxY1 RegionLocationMinX0 RegionLocationMinY0
    RegionSpatialFormat RepetitionTime RescaleIntercept RescaleSlope RescaleType RotationDirection Rows
    SamplesPerPixel ScanningSequence ScanOptions SequenceName SequenceVariant SeriesInstanceUID SeriesNumber
    SeriesType SliceLocation SliceThickness SmallestImagePixelValue SOPClassUID SOPInstanceUID
    SpacingBetweenSlices StudyInstanceUID TableHeight TemporalPositionIdentifier TemporalPositionIndex
    TemporalPositionTimeOffset TriggerTime Units ViewPosition VOILUTFunction VolumetricProperties
    VolumeBasedCalculationTechnique WindowCenter WindowWidth XRayTubeCurrent XRayTubeCurrentInmA
    """
)
ALLOWED_SEQUENCES: Final = _words(
    """
    CardiacSynchronizationSequence DimensionIndexSequence DimensionOrganizationSequence
    DiffusionGradientDirectionSequence FrameAnatomySequence FrameContentSequence FrameVOILUTSequence
    MRDiffusionSequence MREchoSequence PerFrameFunctionalGroupsSequence PixelMeasuresSequence
    PixelValueTransformationSequence PlaneOrientationSequence PlanePositionSequence SequenceOfUltrasoundRegions
    SharedFunctionalGroupsSequence TemporalPositionSequence
    """
)
ALLOWED_TAGS: Final = frozenset(
    tag for keyword in ALLOWED_KEYWORDS | ALLOWED_SEQUENCES if (tag := tag_for_keyword(keyword)) is not None
)
NAME_KEYWORDS: Final = (
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "PatientAddress",
    "PatientTelephoneNumbers",
    "PatientTelecomInformation",
    "ResponsiblePerson",
    "MedicalRecordLocator",
)
ID_KEYWORDS: Final = ("PatientID", "OtherPatientIDs", "PatientBirthDate", "AccessionNumber", "IssuerOfPatientID")
ANONYMOUS_WORDS: Final = _words(
    """
    anon anonym anonyme anonymes anonymise anonymised anonymize anonymized anonymous blank case deid deident
    deidentified deidentify dummy id identified identity n na name no nobody none not null of pat patient
    pseudonym pseudonymised pseudonymized pseudo removed sub subject unknown unnamed x xx xxx xxxx xxxxx
    """
)
BINARY_VRS: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
NUMERIC_VRS: Final = frozenset(("DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"))
CODE_STRING: Final = re.compile(r"[A-Z0-9 _./+-]{0,16}")
HEX_CODE: Final = re.compile(r"(?=.*\d)[0-9a-f-]{8,}", re.IGNORECASE)
MAX_TEXT: Final = 128
MAX_DEPTH: Final = 6


def carries_identity(dataset: Dataset) -> bool:
    """Return whether a header names the patient, in any sequence too, beyond obvious anonymised forms.

    Parameters
    ----------
    dataset : Dataset
        The header, pixels not needed.

    Notes
    -----
    A word of `ANONYMOUS_WORDS` with or without numbers, a hexadecimal code, and a code with digits that equals the
    patient ID do not count as names. Everything else does: a needless question costs one click, a leak costs more.
    """
    return any(_names_somebody(item) for item in _with_nested(dataset, 0))


def identity_tokens(dataset: Dataset) -> frozenset[str]:
    """Return the words of the patient's names and ids, in lower case, for finding them in other texts."""
    words: set[str] = set()
    for item in _with_nested(dataset, 0):
        for keyword in NAME_KEYWORDS + ID_KEYWORDS:
            for value in texts(item, keyword):
                words.update(word for word in re.split(r"[\W_]+", value.lower()) if len(word) >= 3 + word.isdigit())
    return frozenset(words - ANONYMOUS_WORDS)


def mentions(text: str, tokens: frozenset[str]) -> bool:
    """Return whether a text holds one of the patient's words."""
    low = text.lower()
    return any(token in low for token in tokens)


def pseudonym(project_key: bytes, kind: str, *parts: str) -> str:
    """Return a stable key that cannot be turned back: HMAC-SHA-256 of the parts under the project's own key.

    Parameters
    ----------
    project_key : bytes
        Secret of the project, so the same patient has another key elsewhere.
    kind : str
        What is named: ``"patient"`` or ``"study"``.
    *parts : str
        What identifies it.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    message = "\0".join((kind, *parts)).encode()
    return hmac.new(project_key, message, hashlib.sha256).hexdigest()[:32]


def patient_parts(dataset: Dataset) -> tuple[str, ...]:
    """Return what identifies a patient within a project: id and issuer, else name and birth date, else the study."""
    for keywords in (("PatientID", "IssuerOfPatientID"), ("PatientName", "PatientBirthDate"), ("StudyInstanceUID",)):
        values = tuple("\\".join(texts(dataset, keyword)).strip().lower() for keyword in keywords)
        if values[0]:
            return (keywords[0], *values)
    return ("nobody",)


def allowed_json(dataset: Dataset, tokens: frozenset[str], *, depth: int = 0) -> dict[str, Json]:
    """Return the allow-listed part of a header in the DICOM JSON model, without binary values.

    Parameters
    ----------
    dataset : Dataset
    tokens : frozenset of str
        Words of the patient (`identity_tokens`): a text that holds one is left out.

    Returns
    -------
    dict
        Tag in hexadecimal to ``{"vr", "Value"}``; every number finite.
    """
    found: dict[str, Json] = {}
    for tag in sorted(ALLOWED_TAGS.intersection(dataset.keys())):
        try:
            element = dataset[tag]
        except VALUE_ERRORS:
            continue
        value = _sequence_json(element, tokens, depth) if element.VR == "SQ" else _value_json(element, tokens)
        if value is not None:
            found[f"{tag:08X}"] = {"vr": element.VR, "Value": value}
    return found


def _sequence_json(element: DataElement, tokens: frozenset[str], depth: int) -> list[Json] | None:
    if depth >= MAX_DEPTH:
        return None
    return [allowed_json(item, tokens, depth=depth + 1) for item in element.value] or None


def _value_json(element: DataElement, tokens: frozenset[str]) -> list[Json] | None:
    if element.VR in BINARY_VRS or element.is_empty:
        return None
    values = element.value if isinstance(element.value, (MultiValue, list, tuple)) else [element.value]
    kept: list[Json] = []
    for value in values:
        clean = _number_json(value) if element.VR in NUMERIC_VRS else _text_json(str(value), element.VR, tokens)
        if clean is None:
            return None
        kept.append(clean)
    return kept


def _number_json(value: object) -> int | float | None:
    if isinstance(value, int):
        return int(value)
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text_json(value: str, vr: str, tokens: frozenset[str]) -> str | None:
    if vr == "CS" and not CODE_STRING.fullmatch(value.strip()):
        return None
    if vr != "UI" and mentions(value, tokens):
        return None
    return "".join(letter for letter in value if letter.isprintable())[:MAX_TEXT]


def _with_nested(dataset: Dataset, depth: int) -> Iterator[Dataset]:
    """The data set and every item of its sequences; the frames' own groups hold no names and may be thousands."""
    yield dataset
    if depth >= MAX_DEPTH:
        return
    for element_tag in list(dataset.keys()):
        if element_tag.group in (0x0008, 0x0010, 0x0032, 0x0040, 0x0400):
            try:
                element = dataset[element_tag]
            except VALUE_ERRORS:
                continue
            if element.VR == "SQ":
                for item in items(dataset, element.keyword):
                    yield from _with_nested(item, depth + 1)


def _names_somebody(dataset: Dataset) -> bool:
    identifier = "".join(texts(dataset, "PatientID")).strip()
    return any(
        not _is_anonymous(value, identifier) for keyword in NAME_KEYWORDS for value in texts(dataset, keyword)
    ) or (raw_value(dataset, "PatientName") is None and _undecodable(dataset))


def _undecodable(dataset: Dataset) -> bool:
    """A name that is there but cannot be read is still a name."""
    return "PatientName" in dataset and bool(dataset.get_item("PatientName").value)


def _is_anonymous(value: str, identifier: str) -> bool:
    words = [word for word in re.split(r"[\W_]+", value.lower()) if word]
    if all(word.isdigit() or word.rstrip("0123456789") in ANONYMOUS_WORDS for word in words):
        return True
    plain = value.strip(" ^=")
    if HEX_CODE.fullmatch(plain):
        return True
    return plain == identifier and any(letter.isdigit() for letter in plain) and not re.search(r"[\^=\s]", plain)
