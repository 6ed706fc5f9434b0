"""NIfTI, PNG, JPEG and TIFF files of an upload to images."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from maskloop.formats import nifti, raster, tiff
from maskloop.formats.errors import Refused
from maskloop.formats.ingest_image import ImageBuilder, Shown
from maskloop.formats.ingest_sources import Source, mark_reading, refused, stem
from maskloop.formats.ingest_types import ImageResult, Item, RescaleValue
from maskloop.formats.limits import NARROW_SPACE, TIMES, Limits
from maskloop.formats.nifti_geometry import Place
from maskloop.formats.picture import Picture
from maskloop.formats.sniff import Kind
from maskloop.formats.tile_order import slice_order
from maskloop.imaging.volume import Rescale

UNREADABLE = "The file is damaged or of a kind that no reader here takes"
NO_MEMORY = "Reading the file needs more memory than one may use"


@dataclass(frozen=True)
class ReadFile:
    """The pictures of one file, and for NIfTI where they lie and how they scale."""

    pictures: list[Picture]
    place: Place
    rescale: Rescale


def read_picture_file(
    source: Source, scratch: Path, limits: Limits, *, first_number: int, report: Callable[[float], None]
) -> tuple[Item, list[ImageResult]]:
    """Return the item and the images of one file; a refused file leaves nothing behind."""
    try:
        mark_reading(scratch, source.digest)
        images, facts = _images(source, scratch, limits, first_number, report)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  # decoders panic past Exception; the file is named and refused
        refusal = _as_refusal(error)
        return refused(refusal, (source.member,), source.size, source.kind.value), []
    original = _keep_original(source, scratch, first_number)
    images = [replace(image, original=original) for image in images]
    notes = tuple(dict.fromkeys(note for image in images for note in image.notes))
    item = Item(
        outcome="noted" if notes else "accepted",
        title=images[0].name if len(images) == 1 else stem(source.member.name),
        what=describe(source.kind.value, images),
        reason=". ".join(notes or facts),
        members=(source.member,),
        size=source.size,
        images=tuple(range(first_number, first_number + len(images))),
    )
    return item, images


def _keep_original(source: Source, scratch: Path, number: int) -> str:
    """Return where the original lies; an archive entry moves to what is kept."""
    if source.archive is None:
        return str(source.path.relative_to(scratch))
    kept = Path("out") / f"original-{number:05d}"
    source.path.rename(scratch / kept)
    return str(kept)


def describe(kind: str, images: list[ImageResult]) -> str:
    """Return what the file is, for people: kind, size in pixels, size in mm."""
    image = images[0]
    slices, rows, columns = image.shape
    words = [kind, f"{columns:,} {TIMES} {rows:,}" + (f" {TIMES} {slices:,}" if slices > 1 else "")]
    if image.channels == 3:
        words.append("colour")
    if image.spacing is not None:
        sizes = image.spacing if slices > 1 else image.spacing[:2]
        words.append(f" {TIMES} ".join(f"{size:.3g}" for size in sizes) + f"{NARROW_SPACE}mm")
    if len(images) > 1:
        words.append(f"{len(images)} images")
    return ", ".join(words)


def _as_refusal(error: BaseException) -> Refused:
    if isinstance(error, Refused):
        return error
    return Refused("too-large", NO_MEMORY) if isinstance(error, MemoryError) else Refused("undecodable", UNREADABLE)


def _images(
    source: Source, scratch: Path, limits: Limits, first_number: int, report: Callable[[float], None]
) -> tuple[list[ImageResult], tuple[str, ...]]:
    plain = scratch / "plain.nii"
    builders: list[ImageBuilder] = []
    written: list[Path] = []
    try:
        read = _open(source, plain, limits)
        images: list[ImageResult] = []
        for index, picture in enumerate(read.pictures):
            builder = ImageBuilder(
                scratch,
                first_number + index,
                shape=picture.shape,
                dtype=picture.dtype,
                channels=picture.channels,
                rescale=read.rescale,
            )
            builders.append(builder)
            builder.write(picture.rows(slice_order(picture.shape[0])))
            images.append(_result(source, picture, read, builder))
            written += [scratch / images[-1].pixels.path, scratch / images[-1].thumbnail]
            report((index + 1) / len(read.pictures))
        facts = tuple(dict.fromkeys(fact for picture in read.pictures for fact in picture.facts))
        return images, facts or ("Read whole, digest kept",)
    except BaseException:
        for builder in builders:
            builder.abandon()
        for path in written:
            path.unlink(missing_ok=True)
        raise
    finally:
        plain.unlink(missing_ok=True)


def _open(source: Source, plain: Path, limits: Limits) -> ReadFile:
    nowhere = Place(None, None)
    if source.kind is Kind.NIFTI:
        file = nifti.open_nifti(nifti.unpacked(source.path, plain, limits), limits)
        return ReadFile(nifti.pictures(file), file.place, Rescale((file.slope,), (file.intercept,)))
    if source.kind is Kind.TIFF:
        return ReadFile(tiff.read_tiff(source.path, limits), nowhere, Rescale())
    return ReadFile([raster.read_raster(source.path, source.kind, limits)], nowhere, Rescale())


def _result(source: Source, picture: Picture, read: ReadFile, builder: ImageBuilder) -> ImageResult:
    spacing = picture.spacing
    aspect = spacing[1] / spacing[0] if spacing is not None else 1.0
    affine = read.place.affine
    built = builder.finish(Shown("OT", inverted=picture.inverted, pixel_aspect=aspect, affine=affine))
    name = " ".join(part for part in (stem(source.member.name), picture.label) if part)
    grey: Literal["MONOCHROME1", "MONOCHROME2"] = "MONOCHROME1" if picture.inverted else "MONOCHROME2"
    return ImageResult(
        name=name,
        modality="OT",
        kind="volume" if picture.shape[0] > 1 else "planar",
        shape=picture.shape,
        channels=picture.channels,
        dtype=picture.dtype,
        affine=None if affine is None else rows_of(affine.tolist()),
        spacing=spacing,
        spacing_source="pixel" if spacing is not None else None,
        frame_of_reference=None,
        rescale=RescaleValue(read.rescale.slope, read.rescale.intercept),
        unit=None,
        window=built.window,
        presets=built.presets,
        photometric="RGB" if picture.channels == 3 else grey,
        partial=False,
        notes=picture.notes,
        pixels=built.pixels,
        thumbnail=built.thumbnail,
        voxel_digest=built.voxel_digest,
    )


def rows_of(affine: list[list[float]]) -> tuple[tuple[float, float, float, float], ...]:
    """Return a 4 x 4 list as nested tuples."""
    return tuple((row[0], row[1], row[2], row[3]) for row in affine)
