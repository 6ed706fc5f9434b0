"""The phantoms as DICOM files: complete enough for any reader, and plainly nobody's."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from maskloop.imaging.affine import spacing_of
from maskloop.imaging.volume import Volume

INTERCEPT_HU = -1024
KEPT_OF_SAMPLES = (
    "ImageType", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID",
    "Modality", "BodyPartExamined", "SliceThickness", "KVP", "PatientPosition", "SeriesNumber", "InstanceNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "SamplesPerPixel", "PhotometricInterpretation", "Rows",
    "Columns", "PixelSpacing", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue",
    "RescaleIntercept", "RescaleSlope", "WindowCenter", "WindowWidth", "PixelData",
)  # fmt: skip
STUDY_DATE = "20250101"
SOFT_TISSUE = (40, 400)
LUNG = (-600, 1500)


def write_ct_series(volume: Volume, folder: Path, *, name: str) -> list[Path]:
    """Write an axial CT volume as one DICOM file per slice and return the files, feet first.

    Parameters
    ----------
    volume : Volume
        int16 HU, with an affine whose axes are the patient's.
    folder : Path
        Made if it is absent.
    name : str
        Distinguishes the phantom; identifiers are made of it, so the same phantom has the same ones.
    """
    assert volume.affine is not None
    folder.mkdir(parents=True, exist_ok=True)
    si, sj, sk = (float(step) for step in spacing_of(volume.affine))
    paths = []
    for k, plane in enumerate(volume.voxels):
        dataset = _common(name, CTImageStorage, instance=k + 1)
        x, y, z = (float(value) for value in volume.affine[:3, 3] + k * volume.affine[:3, 2])
        _set(
            dataset,
            {
                "Modality": "CT",
                "SeriesDescription": "Synthetic torso, portal venous phase",
                "BodyPartExamined": "ABDOMEN",
                "KVP": "120",
                "SliceThickness": f"{sk:g}",
                "PatientPosition": "HFS",
                "ImagePositionPatient": [f"{x:.6g}", f"{y:.6g}", f"{z:.6g}"],
                "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
                "PixelSpacing": [f"{sj:g}", f"{si:g}"],
                "RescaleIntercept": str(INTERCEPT_HU),
                "RescaleSlope": "1",
                "RescaleType": "HU",
                "WindowCenter": [str(SOFT_TISSUE[0]), str(LUNG[0])],
                "WindowWidth": [str(SOFT_TISSUE[1]), str(LUNG[1])],
                "WindowCenterWidthExplanation": ["SOFT TISSUE", "LUNG"],
            },
        )
        _put_pixels(dataset, (plane.astype(np.int32) - INTERCEPT_HU).astype(np.uint16))
        paths.append(_save(dataset, folder / f"slice-{k + 1:03d}.dcm"))
    return paths


def write_radiograph(image: NDArray[np.uint16], path: Path, *, pixel_mm: float, name: str) -> Path:
    """Write a frontal chest radiograph as one DX file.

    Parameters
    ----------
    image : (rows, columns) uint16 array
        12 bits; the patient's right is on the left.
    path : Path
    pixel_mm : float, mm
        At the detector: it is no size in the patient.
    name : str
        As in `write_ct_series`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = _common(name, DigitalXRayImageStorageForPresentation, instance=1)
    _set(
        dataset,
        {
            "Modality": "DX",
            "SeriesDescription": "Synthetic chest, posterior-anterior",
            "PresentationIntentType": "FOR PRESENTATION",
            "BodyPartExamined": "CHEST",
            "ViewPosition": "PA",
            "PatientOrientation": ["L", "F"],
            "ImageLaterality": "U",
            "ImagerPixelSpacing": [f"{pixel_mm:g}", f"{pixel_mm:g}"],
            "PixelIntensityRelationship": "LOG",
            "PixelIntensityRelationshipSign": -1,
            "RescaleIntercept": "0",
            "RescaleSlope": "1",
            "RescaleType": "US",
            "PresentationLUTShape": "IDENTITY",
            "LossyImageCompression": "00",
            "WindowCenter": "2048",
            "WindowWidth": "4096",
        },
    )
    _put_pixels(dataset, image, bits=12)
    return _save(dataset, path)


def copy_without_identity(source: Path, target: Path) -> Path:
    """Write a copy of a sample that holds its pixels and geometry and nothing that names anyone."""
    original = dcmread(source)
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for keyword in KEPT_OF_SAMPLES:
        if keyword in original:
            dataset[keyword] = original[keyword]
    _set(dataset, {"PatientName": "", "PatientID": "PUBLIC-0001", "PatientIdentityRemoved": "YES"})
    dataset.DeidentificationMethod = "Only pixels and geometry were copied"
    return _save(dataset, target)


def _common(name: str, sop_class: str, *, instance: int) -> Dataset:
    """Return a dataset with everything that both kinds need; nothing in it is of a person."""
    dataset = Dataset()
    _set(
        dataset,
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "ImageType": ["DERIVED", "PRIMARY", "AXIAL"] if sop_class == CTImageStorage else ["DERIVED", "PRIMARY"],
            "SOPClassUID": sop_class,
            "SOPInstanceUID": _uid(name, "instance", str(instance)),
            "StudyDate": STUDY_DATE,
            "StudyTime": "120000",
            "AccessionNumber": "",
            "Manufacturer": "Maskloop",
            "ManufacturerModelName": "Phantom made by code",
            "ReferringPhysicianName": "",
            "StudyDescription": "Synthetic torso phantom",
            "PatientName": "",
            "PatientID": "SYNTHETIC-0001",
            "PatientBirthDate": "",
            "PatientSex": "",
            "PatientIdentityRemoved": "YES",
            "DeidentificationMethod": "Synthetic: not an image of a person",
            "StudyInstanceUID": _uid("torso", "study"),
            "SeriesInstanceUID": _uid(name, "series"),
            "FrameOfReferenceUID": _uid("torso", "frame"),
            "PositionReferenceIndicator": "",
            "StudyID": "1",
            "SeriesNumber": "1" if sop_class == CTImageStorage else "2",
            "InstanceNumber": str(instance),
            "BurnedInAnnotation": "NO",
        },
    )
    if sop_class != CTImageStorage:
        del dataset.FrameOfReferenceUID, dataset.PositionReferenceIndicator
    return dataset


def _set(dataset: Dataset, values: Mapping[str, str | int | list[str]]) -> None:
    for keyword, value in values.items():
        setattr(dataset, keyword, value)


def _put_pixels(dataset: Dataset, plane: NDArray[np.uint16], *, bits: int = 16) -> None:
    rows, columns = plane.shape
    _set(
        dataset,
        {
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "Rows": rows,
            "Columns": columns,
            "BitsAllocated": 16,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": 0,
        },
    )
    dataset.PixelData = plane.astype("<u2").tobytes()


def _save(dataset: Dataset, path: Path) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(str(path), dataset, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(path, enforce_file_format=True)
    return path


def _uid(*words: str) -> str:
    return str(generate_uid(entropy_srcs=["maskloop phantom", *words]))
