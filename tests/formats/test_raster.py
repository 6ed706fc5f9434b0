"""PNG, JPEG and TIFF in; PNG out."""

import io
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from maskloop.formats.errors import CannotCarry, Refused
from maskloop.formats.limits import Limits
from maskloop.formats.raster import read_raster
from maskloop.formats.raster_write import read_png, thumbnail_webp, write_labels, write_overlay
from maskloop.formats.sniff import sniff
from maskloop.formats.tiff import read_tiff

GREY8 = np.arange(30 * 40, dtype=np.uint16).reshape(30, 40).astype(np.uint8)
GREY16 = (np.arange(30 * 40, dtype=np.uint16) * 51).reshape(30, 40)
COLOUR = np.stack([GREY8, GREY8[::-1], 255 - GREY8], axis=-1)


def read(path):
    """Picture and voxels of a PNG or JPEG."""
    picture = read_raster(path, sniff(path), Limits())
    return picture, np.concatenate(list(picture.rows([0])))


def planes(picture):
    """All slices of a picture."""
    slices, rows, columns = picture.shape
    flat = np.concatenate(list(picture.rows(range(slices))))
    return flat.reshape((slices, rows, columns, 3) if picture.channels == 3 else (slices, rows, columns))


def png_claiming(columns, rows):
    """A PNG whose header claims a size and whose body holds nothing."""
    body = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", body), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    parts = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("values", "channels", "dtype"), [(GREY8, 1, "uint8"), (GREY16, 1, "uint16"), (COLOUR, 3, "uint8")]
)
def test_png_values_come_through(tmp_path, values, channels, dtype):
    Image.fromarray(values).save(tmp_path / "a.png")

    picture, voxels = read(tmp_path / "a.png")

    assert (picture.channels, picture.dtype, picture.notes) == (channels, dtype, ())
    np.testing.assert_array_equal(voxels, values)


def test_transparency_is_dropped_and_said(tmp_path):
    Image.fromarray(np.dstack([COLOUR, GREY8])).save(tmp_path / "a.png")

    picture, voxels = read(tmp_path / "a.png")

    np.testing.assert_array_equal(voxels, COLOUR)
    assert picture.notes == ("Transparency was dropped",)


def test_a_palette_becomes_its_colours(tmp_path):
    image = Image.fromarray(GREY8 // 64, mode=None).convert("P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 2, 3])
    image.save(tmp_path / "a.png")

    picture, voxels = read(tmp_path / "a.png")

    assert picture.channels == 3
    assert voxels[0, 0].tolist() == [10, 20, 30]


def test_colour_of_16_bits_is_reduced_and_said(tmp_path):
    deep = COLOUR.astype(np.uint16) * 257
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(deep))

    picture, voxels = read(tmp_path / "a.png")

    np.testing.assert_array_equal(voxels, COLOUR)
    assert "reduced to 8" in picture.notes[0]


def test_a_one_bit_picture_is_black_and_white(tmp_path):
    Image.fromarray(GREY8 > 100).save(tmp_path / "a.png")

    _, voxels = read(tmp_path / "a.png")

    np.testing.assert_array_equal(voxels, (GREY8 > 100) * np.uint8(255))


def test_a_jpeg_is_turned_upright_as_its_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    flat = np.zeros((16, 32), dtype=np.uint8)
    flat[:, 16:] = 200
    Image.fromarray(flat).save(tmp_path / "a.jpg", exif=exif, quality=95)

    picture, voxels = read(tmp_path / "a.jpg")

    assert picture.shape == (1, 32, 16)
    assert voxels[:12].mean() < 10 < 190 < voxels[20:].mean()


def test_a_png_that_claims_100000_by_100000_is_refused_before_any_work(tmp_path):
    (tmp_path / "a.png").write_bytes(png_claiming(100_000, 100_000))

    with pytest.raises(Refused, match="100,000") as refusal:
        read(tmp_path / "a.png")

    assert refusal.value.code == "too-large"


@pytest.mark.parametrize("keep", [40, 200, 500])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_cut_picture_is_refused(tmp_path, keep, ending):
    path = tmp_path / f"a.{ending}"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (60, 60), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(Refused) as refusal:
        read(path)

    assert refusal.value.code == "raster-damaged"


TIFFS = {
    "grey 8": (GREY8, {}),
    "grey 16 big endian": (GREY16, {"byteorder": ">"}),
    "zlib": (GREY16, {"compression": "zlib", "rowsperstrip": 7}),
    "tiles": (COLOUR, {"photometric": "rgb", "tile": (16, 16), "compression": "zlib"}),
    "big tiff": (GREY16, {"bigtiff": True}),
    "signed": (GREY16.astype(np.int16), {}),
    "float": (GREY16.astype(np.float32) / 7, {}),
    "labels of 32 bits": (GREY16.astype(np.int32) - 5, {}),
}


@pytest.mark.parametrize("case", TIFFS)
def test_tiff_values_come_through(tmp_path, case):
    values, options = TIFFS[case]
    tifffile.imwrite(tmp_path / "a.tif", values, **{"photometric": "minisblack", **options})

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())

    np.testing.assert_array_equal(planes(picture)[0], values)


def test_planar_colour_is_put_together(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.moveaxis(COLOUR, -1, 0), photometric="rgb", planarconfig="separate")

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())

    np.testing.assert_array_equal(planes(picture)[0], COLOUR)


def test_min_is_white_is_a_flag(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY8, photometric="miniswhite")

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())

    assert picture.inverted
    np.testing.assert_array_equal(planes(picture)[0], GREY8)


def test_pages_are_slices_without_a_distance(tmp_path):
    pages = np.stack([GREY16, GREY16 + 1, GREY16 + 2])
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack", compression="zlib")

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())

    np.testing.assert_array_equal(planes(picture), pages)
    assert picture.spacing is None


def test_an_ome_file_has_a_picture_per_channel_and_its_pixel_size(tmp_path):
    voxels = np.random.default_rng(1).integers(0, 999, (2, 3, 20, 30), dtype=np.uint16)
    size = {f"PhysicalSize{axis}": value for axis, value in (("X", 0.325), ("Y", 0.3), ("Z", 2.0))}
    metadata = {"axes": "CZYX", **size}
    tifffile.imwrite(tmp_path / "a.ome.tif", voxels, ome=True, photometric="minisblack", metadata=metadata)

    first, second = read_tiff(tmp_path / "a.ome.tif", Limits())

    assert (first.label, second.label) == ("channel 1", "channel 2")
    assert first.spacing == pytest.approx((0.325e-3, 0.3e-3, 2e-3))
    np.testing.assert_array_equal(planes(second), voxels[1])


def test_an_imagej_stack_has_its_spacing(tmp_path):
    stack = np.random.default_rng(1).integers(0, 999, (4, 20, 30), dtype=np.uint16)
    tifffile.imwrite(
        tmp_path / "a.tif",
        stack,
        imagej=True,
        photometric="minisblack",
        resolution=(2.0, 4.0),
        metadata={"axes": "ZYX", "unit": "um", "spacing": 1.5},
    )

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())

    assert picture.spacing == pytest.approx((0.5e-3, 0.25e-3, 1.5e-3))
    np.testing.assert_array_equal(planes(picture), stack)


@pytest.mark.parametrize(("dpi", "spacing"), [(72, None), (300, None), (25400, (0.001, 0.001, 1.0))])
def test_the_resolution_of_a_printer_is_no_pixel_size(tmp_path, dpi, spacing):
    tifffile.imwrite(tmp_path / "a.tif", GREY8, photometric="minisblack", resolution=(dpi, dpi), resolutionunit="inch")

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())

    assert picture.spacing == (None if spacing is None else pytest.approx(spacing))


def test_a_large_tiled_picture_comes_in_bands(tmp_path, monkeypatch):
    monkeypatch.setattr("maskloop.formats.tiff.WHOLE_PLANE_BYTES", 1000)
    values = np.random.default_rng(1).integers(0, 255, (150, 133, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", tile=(32, 48), compression="zlib")

    (picture,) = read_tiff(tmp_path / "a.tif", Limits())
    bands = list(picture.rows([0]))

    assert max(len(band) for band in bands) == 32
    np.testing.assert_array_equal(np.concatenate(bands), values)


@pytest.mark.parametrize("tag", ["ImageWidth", "ImageLength"])
def test_a_tiff_that_claims_more_than_it_holds_is_refused(tmp_path, tag):
    tifffile.imwrite(tmp_path / "a.tif", GREY8, photometric="minisblack", compression="zlib")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages[0].tags[tag].overwrite(60_000)

    with pytest.raises(Refused):
        planes(read_tiff(tmp_path / "a.tif", Limits(max_plane_bytes=2**20))[0])


@pytest.mark.parametrize("labels", [np.arange(6, dtype=np.uint8).reshape(2, 3), np.array([[0, 300]], dtype=np.uint16)])
def test_label_png_holds_the_numbers(tmp_path, labels):
    receipt = write_labels(tmp_path / "a.png", labels)

    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), labels)
    assert receipt.voxels_different == 0
    assert receipt.spacing is None


def test_instances_are_16_bits_and_8_bits_refuse_what_does_not_fit(tmp_path):
    write_labels(tmp_path / "a.png", np.array([[0, 1]], dtype=np.uint8), bits=16)

    with Image.open(tmp_path / "a.png") as image:
        assert image.mode.startswith("I;16")
    with pytest.raises(CannotCarry, match="300"):
        write_labels(tmp_path / "b.png", np.array([[300]], dtype=np.uint16), bits=8)


def test_an_overlay_tints_only_what_is_labelled(tmp_path):
    grey, labels = np.full((2, 2), 100, dtype=np.uint8), np.array([[0, 1], [0, 0]], dtype=np.uint8)

    write_overlay(tmp_path / "a.png", grey, labels, np.array([[0, 0, 0], [255, 0, 0]], dtype=np.uint8))

    drawn = read_png(tmp_path / "a.png")
    assert drawn[0, 0].tolist() == [100, 100, 100]
    assert drawn[0, 1].tolist() == [170, 55, 55]


@pytest.mark.parametrize(("shape", "aspect"), [((300, 300), 1), ((50, 700), 1), ((100, 100), 3), ((1, 1, 3), 1)])
def test_a_thumbnail_fills_its_box_in_the_right_proportion(shape, aspect):
    webp = thumbnail_webp(np.full(shape, 255, dtype=np.uint8), pixel_aspect=aspect)

    image = np.asarray(Image.open(io.BytesIO(webp)).convert("L")) > 128
    height, width = image.any(axis=1).sum(), image.any(axis=0).sum()
    assert image.shape == (112, 160)
    assert height / width == pytest.approx(shape[0] * aspect / shape[1], rel=0.1)
