"""Pixel files: the order of tiles, the index, the pyramid, and every way to read them back."""

import io
import json
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from maskloop.formats.errors import BrokenFile
from maskloop.formats.pixel_file import PixelFileReader, PixelFileWriter, WrittenPixels, records
from maskloop.formats.pixel_header import PREFIX
from maskloop.formats.tile_order import groups_of_slice, slice_order, slice_rank, tile_places
from maskloop.imaging.errors import ShapeError
from maskloop.imaging.resample import halve
from maskloop.imaging.volume import Rescale
from tests.phantoms import axial_affine

CASES = {
    "CT": ((6, 130, 120), "int16", 1),
    "one slice of one tile": ((1, 1, 1), "uint8", 1),
    "radiograph": ((1, 1300, 1111), "uint16", 1),
    "colour": ((2, 600, 520), "uint8", 3),
    "float": ((3, 513, 30), "float32", 1),
}


def volume_of(case):
    """Noise in the case's shape and type."""
    shape, dtype, channels = CASES[case]
    full = (*shape, 3) if channels == 3 else shape
    return (np.random.default_rng(4).random(full) * 250 - (100 if dtype in ("int16", "float32") else 0)).astype(dtype)


def write(path: Path, voxels, step: int = 10_000) -> WrittenPixels:
    """Write a volume, `step` rows at a time."""
    channels = 3 if voxels.ndim == 4 else 1
    with PixelFileWriter(path, shape=voxels.shape[:3], dtype=str(voxels.dtype), channels=channels) as writer:
        for k in slice_order(voxels.shape[0]):
            for top in range(0, voxels.shape[1], step):
                writer.write_rows(voxels[k, top : top + step])
        return writer.finish()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("step", [10_000, 37])
def test_a_volume_comes_back_whole_and_by_slice(tmp_path, case, step):
    voxels = volume_of(case)
    write(tmp_path / "file", voxels, step)

    with (tmp_path / "file").open("rb") as stream:
        reader = PixelFileReader(stream)
        whole, last = reader.read_stored(), reader.read_slice(voxels.shape[0] - 1)

    np.testing.assert_array_equal(whole, voxels)
    np.testing.assert_array_equal(last, voxels[-1])


@pytest.mark.parametrize("case", ["radiograph", "colour", "float"])
def test_each_level_is_the_block_mean_of_the_one_before(tmp_path, case):
    voxels = volume_of(case)
    written = write(tmp_path / "file", voxels, 100)
    planes = [voxels[0]]
    for _ in written.header.levels[1:]:
        planes.append(halve(planes[-1]))

    with (tmp_path / "file").open("rb") as stream:
        levels = [PixelFileReader(stream.seek(0) or stream).read_slice(0, level=n) for n in range(len(planes))]

    assert len(planes) > 1
    for read, meant in zip(levels, planes, strict=True):
        np.testing.assert_array_equal(read, meant)


def test_slices_run_from_the_middle_outwards():
    assert slice_order(1) == [0]
    assert slice_order(5) == [2, 3, 1, 4, 0]
    assert slice_order(6) == [3, 4, 2, 5, 1, 0]


@pytest.mark.parametrize("slices", [1, 2, 3, 6, 7, 54, 201])
def test_the_rank_of_a_slice_is_its_place_in_the_order(slices):
    assert [slice_rank(k, slices) for k in slice_order(slices)] == list(range(slices))


def test_tiles_of_a_slice_are_row_major():
    places = list(tile_places((3, 600, 1100), tile=512))

    assert [tuple(place) for place in places[:7]] == [
        *[(1, tj, ti) for tj in (0, 1) for ti in (0, 1, 2)],
        (2, 0, 0),
    ]


def test_group_0_is_one_tile_and_the_others_are_eight(tmp_path):
    written = write(tmp_path / "file", np.zeros((20, 8, 8), dtype=np.int16))

    with (tmp_path / "file").open("rb") as stream:
        reader = PixelFileReader(stream)
        groups = [[place.k for place, _ in records(reader.read_group(0, group))] for group in range(4)]

    order = slice_order(20)
    assert len(written.header.levels[0].groups) == 4
    assert groups == [order[:1], order[1:9], order[9:17], order[17:]]


def test_the_groups_of_a_slice_hold_all_its_tiles():
    shape = (5, 1300, 1300)
    places = list(tile_places(shape, tile=512))

    for k in range(5):
        numbers = [number for number, place in enumerate(places) if place.k == k]
        assert {(number + 7) // 8 for number in numbers} == set(groups_of_slice(k, shape, tile=512))


def test_the_file_is_laid_out_as_the_contract_says(tmp_path):
    write(tmp_path / "file", volume_of("radiograph"))
    raw = (tmp_path / "file").read_bytes()

    magic, version, length = struct.unpack_from("<4sBI", raw)
    header = json.loads(raw[9 : 9 + length])
    (offset, size), end = header["levels"][0]["groups"][0], 0
    k, tj, ti, payload = struct.unpack_from("<IHHI", raw, offset)
    for level in header["levels"]:
        for start, extent in level["groups"]:
            assert start == (end or 9 + length)
            end = start + extent

    assert (magic, version, header["codec"], header["tile"]) == (b"MLPX", 1, "pz1", 512)
    assert set(header) == {"shape", "channels", "dtype", "codec", "tile", "levels", "digest"}
    assert (k, tj, ti, payload + 12) == (0, 0, 0, size)
    assert end == len(raw)


def test_the_digest_speaks_of_voxels_not_of_the_order_or_size_of_pieces(tmp_path):
    voxels = volume_of("CT")

    first = write(tmp_path / "a", voxels).header.digest
    pieces = write(tmp_path / "b", voxels, 7).header.digest
    voxels[2, 3, 4] += 1

    assert first == pieces
    assert write(tmp_path / "c", voxels).header.digest != first


def test_a_volume_is_read_in_modality_units_with_its_affine(tmp_path):
    write(tmp_path / "file", np.full((2, 3, 4), 1000, dtype=np.uint16))

    with (tmp_path / "file").open("rb") as stream:
        volume = PixelFileReader(stream).read_volume(affine=axial_affine(), rescale=Rescale((1.0,), (-1024.0,)))

    assert volume.voxels.dtype == np.int16
    assert (volume.voxels == -24).all()
    np.testing.assert_array_equal(volume.affine, axial_affine())


def test_the_preview_is_the_middle_slice_at_its_coarsest(tmp_path):
    voxels = volume_of("radiograph")

    np.testing.assert_array_equal(write(tmp_path / "file", voxels).preview, halve(halve(voxels[0])))


def write_half(path: Path) -> None:
    """Write one of two slices and finish all the same."""
    with PixelFileWriter(path, shape=(2, 8, 8), dtype="int16") as writer:
        writer.write_rows(np.zeros((8, 8), dtype=np.int16))
        writer.finish()


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    with pytest.raises(ShapeError, match="1 of 2 slices"):
        write_half(tmp_path / "file")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rows", [np.zeros((9, 8), np.int16), np.zeros((1, 7), np.int16), np.zeros((1, 8), np.uint16)])
def test_rows_that_do_not_fit_are_refused(tmp_path, rows):
    with PixelFileWriter(tmp_path / "file", shape=(1, 8, 8), dtype="int16") as writer, pytest.raises(ShapeError):
        writer.write_rows(rows)


@pytest.mark.parametrize("cut", [3, 8, 40, -1])
def test_a_cut_file_is_an_error_with_a_name_not_a_picture(tmp_path, cut):
    write(tmp_path / "file", volume_of("CT"))
    raw = (tmp_path / "file").read_bytes()[:cut]

    with pytest.raises(BrokenFile):
        PixelFileReader(io.BytesIO(raw)).read_stored()


def test_a_wrong_byte_anywhere_is_found(tmp_path):
    write(tmp_path / "file", volume_of("CT"))
    raw = bytearray((tmp_path / "file").read_bytes())
    raw[-30] ^= 0x01

    with pytest.raises(BrokenFile):
        PixelFileReader(io.BytesIO(bytes(raw))).verify()


def test_an_index_that_does_not_fit_the_shape_is_refused(tmp_path):
    write(tmp_path / "file", volume_of("CT"))
    raw = (tmp_path / "file").read_bytes().replace(b'"shape":[6,130,120]', b'"shape":[60,130,12]')

    with pytest.raises(BrokenFile, match="index"):
        PixelFileReader(io.BytesIO(raw))


def test_verify_passes_on_what_was_written(tmp_path):
    write(tmp_path / "file", volume_of("colour"))

    with (tmp_path / "file").open("rb") as stream:
        PixelFileReader(stream).verify()


def test_a_plane_larger_than_a_band_is_never_held_whole(tmp_path):
    band = np.random.default_rng(1).integers(0, 255, (512, 4000), dtype=np.uint8)
    tracemalloc.start()
    with PixelFileWriter(tmp_path / "file", shape=(1, 512 * 20, 4000), dtype="uint8") as writer:
        for _ in range(20):
            writer.write_rows(band)
        writer.finish()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 30 * 2**20, "the plane has 41 MB, a band 2 MB"


def test_the_prefix_has_nine_bytes():
    assert PREFIX.size == 9
