"""Made-up volumes and DICOM series with known answers. No patient, no real data."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

LEFT, RIGHT, FRONT, BACK, HEAD, FOOT = 900, 800, 700, 600, 500, 400
COMPRESSED = (RLELossless, JPEGLSLossless, JPEG2000Lossless)
NATIVE_BIG = ExplicitVRBigEndian


@dataclass(frozen=True)
class SeriesPlan:
    """How a phantom series is to be written."""

    modality: str = "CT"
    sop_class: UID = CTImageStorage
    transfer_syntax: UID = ExplicitVRLittleEndian
    slope: float = 1.0
    intercept: float = -1024.0
    patient_name: str = "Anonymous"
    patient_id: str = "P1"
    series_uid: str = field(default_factory=generate_uid)
    study_uid: str = field(default_factory=generate_uid)
    frame_of_reference: str = field(default_factory=generate_uid)
    first_number: int = 1
    extra: dict[str, object] = field(default_factory=dict)


def axial_affine(spacing: tuple[float, float, float] = (0.5, 0.75, 3.0)) -> NDArray[np.float64]:
    """Rows to the left, columns to the back, slices to the head."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = (-40.0, -60.0, 100.0)
    return affine


def tilted_affine(tilt_deg: float = 18.5, spacing: tuple[float, float, float] = (0.5, 0.5, 2.5)) -> NDArray[np.float64]:
    """A tilted gantry: slices lean by the tilt while the table moves along z, so the grid is sheared."""
    angle = np.radians(tilt_deg)
    affine = np.eye(4)
    affine[:3, 0] = np.array([1, 0, 0]) * spacing[0]
    affine[:3, 1] = np.array([0, np.cos(angle), -np.sin(angle)]) * spacing[1]
    affine[:3, 2] = np.array([0, 0, 1]) * spacing[2]
    affine[:3, 3] = (-123.5, -15.6, 742.3)
    return affine


def asymmetric_volume(shape: tuple[int, int, int] = (7, 40, 48)) -> NDArray[np.int16]:
    """A body that is different on every side of an axial stack: left (i high), right, front, back, head, foot."""
    slices, rows, columns = shape
    volume = np.zeros(shape, dtype=np.int16)
    volume[1:-1, 4:-4, 4:-4] = 100
    middle_row, middle_column = rows // 2, columns // 2
    volume[2:5, middle_row - 2 : middle_row + 2, -9:-5] = LEFT
    volume[2:5, middle_row - 2 : middle_row + 2, 5:9] = RIGHT
    volume[2:5, 5:8, middle_column - 1 : middle_column + 1] = FRONT
    volume[2:5, -8:-5, middle_column - 1 : middle_column + 1] = BACK
    volume[slices - 2, middle_row, middle_column] = HEAD
    volume[1, middle_row, middle_column] = FOOT
    return volume


def noisy_slices(shape: tuple[int, int, int], *, seed: int = 1) -> NDArray[np.int16]:
    """Every voxel different from its neighbours, between 0 and 4000."""
    return np.random.default_rng(seed).integers(0, 4000, shape, dtype=np.int16)


def write_series(
    folder: Path,
    voxels: NDArray[np.int16],
    affine: NDArray[np.float64],
    plan: SeriesPlan | None = None,
    *,
    skip: Iterable[int] = (),
) -> list[Path]:
    """Write one file per slice, named so that neither name nor number tells the order; return them by slice.

    The voxels are stored values. Slices in `skip` are left out.
    """
    plan = plan or SeriesPlan()
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    left_out = set(skip)
    for k in range(voxels.shape[0]):
        if k in left_out:
            continue
        dataset = _plain(voxels[k], plan, number=plan.first_number + voxels.shape[0] - 1 - k)
        set_plane(dataset, affine, k)
        path = folder / f"I{(k * 7919) % 1009:04d}"
        save(dataset, path, plan.transfer_syntax)
        paths.append(path)
    return paths


def write_projection(path: Path, pixels: NDArray[np.uint16], **elements: object) -> Path:
    """Write one radiograph (DX) without a place in the patient; `elements` are set on it."""
    plan = SeriesPlan(modality="DX", sop_class=UID("1.2.840.10008.5.1.4.1.1.1.1"), intercept=0.0)
    dataset = _plain(pixels, plan, number=1)
    for keyword in ("RescaleSlope", "RescaleIntercept", "FrameOfReferenceUID"):
        delattr(dataset, keyword)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    save(dataset, path, ExplicitVRLittleEndian)
    return path


def write_enhanced(path: Path, voxels: NDArray[np.int16], affine: NDArray[np.float64], plan: SeriesPlan) -> Path:
    """Write one enhanced multi-frame object, its frames in falling order of place."""
    order = list(range(voxels.shape[0]))[::-1]
    dataset = _plain(voxels[order], plan, number=1)
    dataset.SOPClassUID = EnhancedCTImageStorage
    dataset.NumberOfFrames = len(order)
    for keyword in ("RescaleSlope", "RescaleIntercept"):
        delattr(dataset, keyword)
    shared, measures, orientation, rescale = Dataset(), Dataset(), Dataset(), Dataset()
    plane = Dataset()
    set_plane(plane, affine, 0)
    measures.PixelSpacing, measures.SliceThickness = plane.PixelSpacing, plane.SliceThickness
    orientation.ImageOrientationPatient = plane.ImageOrientationPatient
    rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = plan.slope, plan.intercept, "HU"
    shared.PixelMeasuresSequence = Items([measures])
    shared.PlaneOrientationSequence = Items([orientation])
    shared.PixelValueTransformationSequence = Items([rescale])
    dataset.SharedFunctionalGroupsSequence = Items([shared])
    groups: list[Dataset] = []
    for k in order:
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [float(value) for value in (affine @ (0, 0, k, 1))[:3]]
        group.PlanePositionSequence = Items([position])
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = Items(groups)
    save(dataset, path, plan.transfer_syntax)
    return path


def set_plane(dataset: Dataset, affine: NDArray[np.float64], k: int) -> None:
    """Say where slice k lies."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    row, column = affine[:3, 0] / spacing[0], affine[:3, 1] / spacing[1]
    dataset.ImagePositionPatient = [round(float(value), 6) for value in (affine @ (0, 0, k, 1))[:3]]
    dataset.ImageOrientationPatient = [round(float(value), 10) for value in (*row, *column)]
    dataset.PixelSpacing = [float(spacing[1]), float(spacing[0])]
    dataset.SliceThickness = float(spacing[2])


def save(dataset: Dataset, path: Path, syntax: UID) -> None:
    """Write a data set that holds native little-endian pixels, in the transfer syntax."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if syntax in COMPRESSED:
        dataset.compress(syntax, generate_instance_uid=False)
    elif syntax == NATIVE_BIG:
        dataset.PixelData = np.frombuffer(dataset.PixelData, dtype="<u2").astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
    elif syntax == DeflatedExplicitVRLittleEndian:
        dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True)


def _plain(pixels: NDArray[np.integer], plan: SeriesPlan, *, number: int) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = plan.sop_class
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = plan.series_uid, plan.study_uid
    dataset.FrameOfReferenceUID = plan.frame_of_reference
    dataset.Modality = plan.modality
    dataset.PatientName, dataset.PatientID = plan.patient_name, plan.patient_id
    dataset.SeriesNumber, dataset.InstanceNumber = 3, number
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    dataset.RescaleSlope, dataset.RescaleIntercept = plan.slope, plan.intercept
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    for keyword, value in plan.extra.items():
        setattr(dataset, keyword, value)
    return dataset
