"""The files of the demo project, each with where it comes from and on what terms."""

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image

from maskloop.demo.dicom_files import copy_without_identity, write_ct_series, write_radiograph
from maskloop.demo.nuclei import nuclei_field
from maskloop.demo.torso import RADIOGRAPH_PIXEL_MM, chest_radiograph, torso_ct

SYNTHETIC = "Synthetic: made by code in Maskloop, not an image of a person."
PHANTOM_LICENCE = "CC0-1.0"
MNI_NOTICE = (
    "Copyright (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological Institute, McGill "
    "University. Permission to use, copy, modify, and distribute this software and its documentation for any purpose "
    "and without fee is hereby granted, provided that the above copyright notice appear in all copies. The authors and "
    "McGill University make no representations about the suitability of this software for any purpose. It is provided "
    "'as is' without express or implied warranty."
)
PYDICOM_SOURCE = (
    "CT1_UNC of the sample images of NEMA WG-04, from the PyPI package pydicom (CT_small.dcm), names removed"
)
PYDICOM_LICENCE = "MIT, Copyright (c) 2008-2020 Darcy Mason and pydicom contributors"


@dataclass(frozen=True)
class DemoFile:
    """One thing to import: a file, or a folder that holds one series."""

    path: Path
    title: str
    source: str
    licence: str
    synthetic: bool

    @property
    def files(self) -> tuple[Path, ...]:
        """The file, or the files of the folder in order."""
        return tuple(sorted(self.path.iterdir())) if self.path.is_dir() else (self.path,)


def demo_files(directory: Path) -> list[DemoFile]:
    """Make the demo's files in a directory and return them; what is already there is not made again.

    Images that lie in packages of the `demo` extra are left out where the package is not installed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    made = [_torso(directory), _radiograph(directory), _nuclei(directory)]
    return [*made, *_from_packages(directory)]


def _torso(directory: Path) -> DemoFile:
    folder = directory / "torso-ct"
    _once(folder, lambda target: write_ct_series(torso_ct().volume, target, name="torso-ct"))
    return DemoFile(folder, "Torso CT with a kidney tumour (synthetic)", SYNTHETIC, PHANTOM_LICENCE, synthetic=True)


def _radiograph(directory: Path) -> DemoFile:
    path = directory / "chest-radiograph.dcm"
    _once(
        path,
        lambda target: write_radiograph(
            chest_radiograph(), target, pixel_mm=RADIOGRAPH_PIXEL_MM, name="chest-radiograph"
        ),
    )
    return DemoFile(path, "Chest radiograph (synthetic)", SYNTHETIC, PHANTOM_LICENCE, synthetic=True)


def _nuclei(directory: Path) -> DemoFile:
    path = directory / "nuclei-fluorescence.png"
    _once(path, lambda target: Image.fromarray(nuclei_field().image).save(target, format="PNG"))
    return DemoFile(path, "Nuclei, fluorescence (synthetic)", SYNTHETIC, PHANTOM_LICENCE, synthetic=True)


def _once(path: Path, make: Callable[[Path], object]) -> None:
    """Make a file or folder under another name and rename it, so that one that is there is whole."""
    if path.exists():
        return
    unfinished = path.with_name(f"partial-{path.name}")
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    make(unfinished)
    unfinished.rename(path)


def _from_packages(directory: Path) -> list[DemoFile]:
    offers = (
        (
            "nilearn", "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz", "mni-icbm152-t1.nii.gz",
            "MNI ICBM152 brain template, T1 MR",
            "ICBM 152 Nonlinear Symmetric template 2009a, from the PyPI package nilearn", MNI_NOTICE,
        ),
        (
            "skimage", "data/retina.jpg", "retina.jpg", "Fundus photograph, normal left eye",
            "Mikael Häggström, Medical gallery 2014, doi:10.15347/wjm/2014.008, from the PyPI package scikit-image",
            "CC0-1.0",
        ),
        (
            "skimage", "data/cell.png", "cell-phase.png", "Cell in saline, quantitative phase",
            "P. Müller et al., Optics Express 26(8), 2018, doi:10.1364/OE.26.010729, from PyPI's scikit-image",
            "CC0-1.0",
        ),
    )  # fmt: skip
    found = []
    for package, inside, name, title, source, licence in offers:
        original = _package_file(package, inside)
        if original is not None:
            _once(directory / name, partial(shutil.copyfile, original))
            found.append(DemoFile(directory / name, title, source, licence, synthetic=False))
    sample = _package_file("pydicom", "data/test_files/CT_small.dcm")
    if sample is not None:
        _once(directory / "ct-sample.dcm", partial(copy_without_identity, sample))
        found.append(
            DemoFile(
                directory / "ct-sample.dcm",
                "CT slice, pydicom sample",
                PYDICOM_SOURCE,
                PYDICOM_LICENCE,
                synthetic=False,
            )
        )
    return found


def _package_file(package: str, inside: str) -> Path | None:
    """Return a file of an installed package without importing it, or None."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inside
    return path if path.is_file() else None
