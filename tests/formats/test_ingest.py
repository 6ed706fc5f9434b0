"""Whole uploads: every file ends in one outcome, good files pass among bad ones, nothing of a refusal is left."""

import gzip
import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image
from pydantic import TypeAdapter

from maskloop.formats.ingest import read_upload_op
from maskloop.formats.ingest_sources import file_digest
from maskloop.formats.ingest_types import IngestRequest, IngestResult, StagedFile
from maskloop.formats.limits import TIMES, Limits
from tests.formats.conftest import PROJECT_KEY
from tests.formats.test_raster import png_claiming
from tests.phantoms import SeriesPlan, axial_affine, noisy_slices, write_series

ORIENTATIONS = json.loads((Path(__file__).parent.parent / "vectors" / "orientations.json").read_text())
MARKER = "Zyxwvutsrq"
BAD = ("notes.dcm", "cut.dcm", "headless.dcm", "nothing.dcm", "bomb.zip", "escape.zip", "cut.zip")
BAD += ("nan.nii", "huge.png", "photo.heic", "tool.exe")


def ct(folder: Path, slices: int = 3, **plan) -> list[Path]:
    """A small CT series."""
    return write_series(folder, noisy_slices((slices, 16, 20)), axial_affine(), SeriesPlan(**plan))


def file(path: Path, content: bytes) -> Path:
    """A file with this content."""
    path.write_bytes(content)
    return path


def zipped(path: Path, files: dict[str, Path | bytes]) -> Path:
    """A zip of files by name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return path


def hostile(folder: Path) -> dict[str, tuple[Path, str]]:
    """Bad files by name, each with the code that it must end in."""
    folder.mkdir()
    whole = ct(folder / "ct", 1)[0].read_bytes()
    nan = nib.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4))
    nib.save(nan, folder / "nan.nii")
    raw = bytearray((folder / "nan.nii").read_bytes())
    raw[280:328] = np.full(12, np.nan, "<f4").tobytes()
    cut = zipped(folder / "whole.zip", {"a": b"x" * 99}).read_bytes()[:-30]
    return {
        "notes.dcm": (file(folder / "notes", b"This is only text.\n" * 40), "not-an-image"),
        "cut.dcm": (file(folder / "cut", whole[: len(whole) - 200]), "pixels-missing"),
        "headless.dcm": (file(folder / "headless", whole[:300]), "no-pixels"),
        "bomb.zip": (zipped(folder / "bomb.zip", {"zeros": bytes(64 * 2**20)}), "archive-bomb"),
        "escape.zip": (zipped(folder / "escape.zip", {"../../evil.dcm": whole}), "archive-unsafe"),
        "cut.zip": (file(folder / "cut.zip", cut), "archive-damaged"),
        "nan.nii": (file(folder / "nan", bytes(raw)), "bad-geometry"),
        "nothing.dcm": (file(folder / "nothing", b""), "empty-file"),
        "huge.png": (file(folder / "huge", png_claiming(100_000, 100_000)), "too-large"),
        "photo.heic": (file(folder / "heic", b"\0\0\0\x18ftypheic" + bytes(50)), "unsupported-type"),
        "tool.exe": (file(folder / "exe", b"MZ\x90\0\x03\0\0\0" + bytes(range(99))), "unknown-type"),
    }


def test_a_folder_of_slices_is_one_item_one_image_and_its_name(tmp_path, upload):
    paths = ct(tmp_path / "abdomen")

    read = upload([(path, f"patients/abdomen/{path.name}") for path in paths])

    assert (read.item.outcome, read.item.files, read.item.title) == ("accepted", 3, "abdomen")
    assert read.item.what.startswith(f"DICOM series, 3 slices, CT, 20 {TIMES} 16 {TIMES} 3, 0.5 {TIMES} 0.75")
    assert read.left() == ["image-00000.mlpx", "image-00000.webp", "originals-00000.bin", "series-00000.json.gz"]


def test_a_zip_gives_the_same_image_as_its_files_and_its_name(tmp_path, upload):
    paths = ct(tmp_path / "s")
    archive = zipped(tmp_path / "head.zip", {f"a/b/{path.name}": path for path in paths})

    read = upload([archive])

    assert read.image.name == "head"
    assert read.image.voxel_digest == upload(paths).image.voxel_digest
    assert {member.entry for member in read.item.members} == {0, 1, 2}


def test_mixed_series_in_one_folder_become_an_image_each(tmp_path, upload):
    mixed = [*ct(tmp_path / "a", 4), *ct(tmp_path / "b", 3, modality="MR"), *ct(tmp_path / "c", 2)]

    read = upload([(path, f"all/{number}") for number, path in enumerate(mixed)])

    assert sorted(item.files for item in read.result.items) == [2, 3, 4]
    assert all(item.outcome == "accepted" for item in read.result.items)
    assert len({image.name for image in read.result.images}) == 3


@pytest.mark.parametrize("name", BAD)
def test_each_bad_file_has_its_sentence_and_leaves_nothing(tmp_path, upload, name):
    path, code = hostile(tmp_path / "bad")[name]

    read = upload([(path, name)])

    assert (read.item.outcome, read.item.code) == ("refused", code)
    assert read.item.reason[0].isupper()
    assert str(tmp_path) not in read.item.reason
    assert (read.left(), read.result.images, read.result.series) == ([], (), ())


def test_good_files_pass_exactly_among_all_the_bad_ones(tmp_path, upload):
    bad = [(path, name) for name, (path, _) in hostile(tmp_path / "bad").items()]
    good = ct(tmp_path / "good")

    read = upload([*bad[:5], *good[:2], *bad[5:], good[2]])

    assert sorted(item.outcome for item in read.result.items) == ["accepted", *["refused"] * len(bad)]
    assert read.image.voxel_digest == upload(good).image.voxel_digest


def test_every_file_is_in_exactly_one_item(tmp_path, upload):
    files = [path for path, _ in hostile(tmp_path / "bad").values()] + ct(tmp_path / "s") + ct(tmp_path / "t")

    read = upload(files)

    assert sorted(member.file for item in read.result.items for member in item.members) == list(range(len(files)))


def test_the_same_file_twice_is_found_not_doubled(tmp_path, upload):
    paths = ct(tmp_path / "s")
    archive = zipped(tmp_path / "a.zip", {"copy": paths[1]})

    read = upload([*paths, (paths[0], "again"), archive, archive])

    outcomes = [item.outcome for item in read.result.items]
    assert sorted(outcomes) == ["accepted", "duplicate", "duplicate", "duplicate"]
    assert read.image.shape[0] == 3


def test_names_are_held_until_confirmed_and_nothing_is_written(tmp_path, upload):
    paths = ct(tmp_path / "s", patient_name="Doe^Jane")

    held = upload(paths)
    confirmed = upload(paths, allow_identified=True)

    assert (held.item.outcome, held.item.code, held.item.files, held.left()) == ("held", "names-patient", 3, [])
    assert confirmed.item.outcome == "accepted"


def test_one_named_slice_holds_the_whole_series_and_no_other(tmp_path, upload):
    paths = ct(tmp_path / "s")
    dataset = pydicom.dcmread(paths[1])
    dataset.PatientName = "Doe^Jane"
    dataset.save_as(paths[1])

    read = upload([*paths, *ct(tmp_path / "other")])

    assert sorted((item.outcome, item.files) for item in read.result.items) == [("accepted", 3), ("held", 3)]


def test_a_patients_name_reaches_nothing_that_is_stored_but_the_originals(tmp_path, upload):
    extra = {"SeriesDescription": MARKER, "PatientComments": MARKER, "InstitutionName": MARKER, "StudyID": MARKER}
    paths = ct(tmp_path / "s", patient_name=f"{MARKER}^Jane", patient_id=f"ID{MARKER}", extra=extra)

    read = upload([(path, f"{MARKER}/{path.name}") for path in paths], allow_identified=True)

    told = asdict(read.result)
    told["items"] = [{**item, "members": None} for item in told["items"]]  # the sender's own names
    assert MARKER.lower() not in json.dumps(told).lower()
    for path in (read.scratch / "out").iterdir():
        if not path.name.startswith("originals"):
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            assert MARKER.encode() not in content


def test_an_undecodable_slice_is_named_and_the_rest_goes_on(tmp_path, upload):
    paths = ct(tmp_path / "s", 5, transfer_syntax=pydicom.uid.JPEGLSLossless)
    broken = bytearray(paths[3].read_bytes())
    start = broken.index(b"\xff\xd8")
    broken[start : start + 60] = bytes(60)
    paths[3].write_bytes(bytes(broken))

    read = upload(paths)

    by_outcome = {item.outcome: item for item in read.result.items}
    assert by_outcome["refused"].code == "undecodable"
    assert by_outcome["refused"].file == paths[3].name
    assert "could not be decoded" in by_outcome["noted"].reason
    assert (read.image.missing, read.image.partial) == ((3,), True)
    assert len(read.result.series[0].instances) == 4


def test_two_files_with_one_object_id_do_not_mix(tmp_path, upload):
    paths = ct(tmp_path / "s")
    dataset = pydicom.dcmread(paths[0])
    dataset.PixelData = bytes(len(dataset.PixelData))
    dataset.save_as(tmp_path / "other")

    read = upload([*paths, tmp_path / "other"])

    assert read.outcomes()["other"] == "refused"
    assert {item.code for item in read.result.items} == {None, "object-id-conflict"}


def test_two_patients_in_one_series_do_not_mix(tmp_path, upload):
    paths = ct(tmp_path / "s")
    dataset = pydicom.dcmread(paths[2])
    dataset.PatientID = "P2"
    dataset.save_as(paths[2])

    read = upload(paths)

    assert {item.code for item in read.result.items} == {None, "mixed-patients"}


def test_patients_are_known_again_by_a_key_that_is_the_projects(tmp_path, upload):
    first = upload(ct(tmp_path / "a", patient_id="7")).result.series[0]
    second = upload(ct(tmp_path / "b", patient_id="7")).result.series[0]
    other = upload(ct(tmp_path / "c", patient_id="8")).result.series[0]

    assert first.patient_key == second.patient_key != other.patient_key
    assert first.patient_key != "7"


def test_an_index_file_is_not_needed(tmp_path, upload, shared_data):
    index = shared_data / "dicom-zoo" / "pydicom" / "test_files" / "dicomdirtests" / "DICOMDIR"

    read = upload([index])

    assert (read.item.outcome, read.item.code) == ("noted", "index-file")


def test_the_litter_of_file_managers_is_not_needed(tmp_path, upload):
    slice_file = ct(tmp_path / "s", 1)[0]
    archive = zipped(tmp_path / "a.zip", {"__MACOSX/._I1": b"junk", ".DS_Store": b"junk", "I1": slice_file})

    outcomes = [(item.outcome, item.code) for item in upload([archive]).result.items]

    assert outcomes == [("noted", "not-needed"), ("noted", "not-needed"), ("accepted", None)]


def test_pictures_are_named_after_their_files(tmp_path, upload):
    grey = np.arange(600, dtype=np.uint16).reshape(20, 30)
    Image.fromarray(grey.astype(np.uint8)).save(tmp_path / "x.png")
    tifffile.imwrite(tmp_path / "E03.ome.tif", grey, photometric="minisblack")
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6), np.int16), np.eye(4)), tmp_path / "case_1.nii.gz")

    names = ("x.png", "E03.ome.tif", "case_1.nii.gz")

    read = upload([*(tmp_path / name for name in names), (tmp_path / "x.png", "b/y.png")])

    assert [image.name for image in read.result.images] == ["x", "E03", "case_1"]
    assert [item.outcome for item in read.result.items] == ["accepted", "accepted", "accepted", "duplicate"]
    assert read.result.images[2].shape == (6, 5, 4)


def test_two_files_of_one_name_get_two_names(tmp_path, upload):
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        Image.fromarray(np.full((8, 8), number, dtype=np.uint8)).save(tmp_path / str(number) / "scan.png")

    read = upload([(tmp_path / str(number) / "scan.png", f"{number}/scan.png") for number in (1, 2)])

    assert [image.name for image in read.result.images] == ["scan", "scan 2"]


def test_the_original_of_a_picture_from_a_zip_is_kept(tmp_path, upload):
    Image.fromarray(np.ones((8, 8), dtype=np.uint8)).save(tmp_path / "x.png")

    read = upload([zipped(tmp_path / "a.zip", {"deep/x.png": tmp_path / "x.png"})])

    assert (read.scratch / read.image.original).read_bytes() == (tmp_path / "x.png").read_bytes()


def test_a_file_at_which_a_reader_died_is_refused_and_the_rest_goes_on(tmp_path, upload):
    paths = ct(tmp_path / "s")

    read = upload(paths, crashed=(file_digest(paths[1]),))

    assert {item.code for item in read.result.items} == {None, "decoder-crashed"}
    assert (read.scratch / "reading").read_text() in {file_digest(path) for path in paths}


def test_asked_entries_alone_are_read_again(tmp_path, upload):
    archive = zipped(tmp_path / "a.zip", {path.name: path for path in ct(tmp_path / "s")})

    read = upload([archive], only_entries=(0, 2))

    assert {member.entry for member in read.item.members} == {0, 2}


def test_the_runner_speaks_json_both_ways(tmp_path, upload):
    path = ct(tmp_path / "s", 1)[0]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "f").write_bytes(path.read_bytes())
    staged = StagedFile("f", "slice.dcm", path.stat().st_size)
    args = json.loads(json.dumps(asdict(IngestRequest((staged,), PROJECT_KEY, limits=Limits(max_files=9)))))
    steps = []

    answer = read_upload_op(args, scratch, lambda part, step: steps.append((part, step)))

    result = TypeAdapter(IngestResult).validate_python(json.loads(json.dumps(answer, allow_nan=False)))
    assert result.images[0].name == "slice"
    assert answer["items"][0]["file"] == "slice.dcm"
    assert [part for part, _ in steps] == sorted(part for part, _ in steps)
    assert steps[-1][0] == 1.0


def test_a_thumbnail_is_webp_in_its_box(tmp_path, upload):
    read = upload(ct(tmp_path / "s"))

    with Image.open(io.BytesIO((read.scratch / read.image.thumbnail).read_bytes())) as image:
        assert (image.format, image.size) == ("WEBP", (160, 112))


@pytest.mark.parametrize("code", ["LPS", "RAS", "LAS", "PIL", "PSR", "RSA", "SLP", "PLS"])
def test_a_thumbnail_lies_as_the_first_view_does(tmp_path, upload, code):
    case = next(case for case in ORIENTATIONS if case["name"] == code)
    voxels = np.zeros((3, 40, 60), np.int16)  # k, j, i: a bright corner at small i and small j
    voxels[:, :8, :24] = 1000
    image = nib.Nifti1Image(voxels.transpose(2, 1, 0), np.diag([-1, -1, 1, 1]) @ np.array(case["affine"]))
    nib.save(image, tmp_path / "a.nii")

    read = upload([tmp_path / "a.nii"])
    with Image.open(io.BytesIO((read.scratch / read.image.thumbnail).read_bytes())) as webp:
        rows, columns = np.nonzero(np.asarray(webp.convert("L")) > 128)

    swapped = case["right"]["axis"] == "j"
    # In mm: i is 60 of 0.5, j is 40 of 0.75; the box fits both ways round as a square of 112 pixels.
    assert (np.ptp(columns) + 1, np.ptp(rows) + 1) == pytest.approx((22, 45) if swapped else (45, 22), abs=2)
    assert (columns.mean() < 80) == (case["right"]["sign"] > 0)
    assert (rows.mean() < 56) == (case["down"]["sign"] > 0)
