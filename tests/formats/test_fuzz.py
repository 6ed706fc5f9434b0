"""Damaged files by a fixed seed: every one ends in an outcome, none in an exception. Finds are kept below."""

import json
import random
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.phantoms import SeriesPlan, axial_affine, noisy_slices, write_enhanced, write_series

SEED = 20261122
ROUNDS = 12
ROUNDS_LONG = 300
SYNTAXES = (
    ExplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLSLossless,
    JPEG2000Lossless,
)
KINDS = [*(uid.name for uid in SYNTAXES), "enhanced", "nii", "nii.gz", "tif", "ome.tif", "png", "jpg", "zip"]


def sound(folder: Path, kind: str) -> bytes:
    """A small sound file of a kind."""
    voxels = noisy_slices((2, 33, 47))
    path = folder / f"sound.{kind}".replace(" ", "-")
    by_name = {uid.name: uid for uid in SYNTAXES}
    if kind in by_name:
        plan = SeriesPlan(transfer_syntax=by_name[kind])
        return write_series(folder / "s", voxels[:1], axial_affine(), plan)[0].read_bytes()
    if kind == "enhanced":
        write_enhanced(path, voxels, axial_affine(), SeriesPlan(transfer_syntax=RLELossless))
    elif kind.startswith("nii"):
        nib.save(nib.Nifti1Image(voxels.transpose(2, 1, 0), np.eye(4)), path)
    elif kind == "tif":
        tifffile.imwrite(path, voxels.astype(np.uint16), photometric="minisblack", compression="zlib")
    elif kind == "ome.tif":
        tifffile.imwrite(path, voxels.astype(np.uint16), photometric="minisblack", ome=True)
    elif kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(write_series(folder / "z", voxels[:1], axial_affine())[0], "slice")
    else:
        Image.fromarray(voxels[0].astype(np.uint8)).save(path)
    return path.read_bytes()


def damaged(content: bytes, luck: random.Random) -> bytes:
    """Cut, or with some bytes changed, mostly in the header."""
    if luck.random() < 0.2:
        return content[: luck.randrange(len(content))]
    changed = bytearray(content)
    reach = min(len(changed), luck.choice([64, 400, 1500, len(changed)]))
    for _ in range(luck.choice([1, 2, 5, 20])):
        changed[luck.randrange(reach)] = luck.choice([0, 255, 1, 128, luck.randrange(256)])
    return bytes(changed)


def assert_ends_well(upload, path: Path) -> None:
    """Read a file and check that what comes out can be told."""
    read = upload([(path, "damaged")], allow_identified=True)
    json.dumps(read.result.to_json(), allow_nan=False)
    assert {member.file for item in read.result.items for member in item.members} == {0}
    assert read.result.images or read.left() == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(ROUNDS_LONG, marks=pytest.mark.long)])
def test_damage_of_any_kind_ends_in_an_outcome(tmp_path, upload, kind, rounds):
    luck = random.Random(f"{SEED} {kind}")
    content = sound(tmp_path, kind)

    for _ in range(rounds):
        (tmp_path / "damaged").write_bytes(damaged(content, luck))
        assert_ends_well(upload, tmp_path / "damaged")


def test_an_entry_whose_name_is_no_utf_8_is_an_outcome(tmp_path, upload):
    content = bytearray(sound(tmp_path, "zip"))
    content[6:8] = (0x800).to_bytes(2, "little")
    content[30] = 0x80
    (tmp_path / "damaged").write_bytes(bytes(content))

    assert_ends_well(upload, tmp_path / "damaged")


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (132 + 4, b"\x55\x80"),  # an unknown value representation in the meta group
        (132 + 6, b"\xff\x0f"),  # a group length element of 4 kB
        (132 + 8, b"\xff\xff\xff\xff"),  # a group of 4 GB
    ],
)
def test_finds_in_the_meta_group_stay_found(tmp_path, upload, offset, value):
    content = bytearray(sound(tmp_path, RLELossless.name))
    content[offset : offset + len(value)] = value
    (tmp_path / "damaged").write_bytes(bytes(content))

    assert_ends_well(upload, tmp_path / "damaged")
