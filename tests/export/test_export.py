"""Exports through the real job and runner: files that read back, names, failures that are named, the archive."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from PIL import Image as Picture
from starlette.testclient import TestClient

from maskloop.api.pagination import encode_cursor
from maskloop.core.db import session_scope
from maskloop.core.ids import new_id
from maskloop.images.tables import Image
from maskloop.imaging.label_tile import TilePosition
from maskloop.imaging.label_wire import encode_stroke
from maskloop.jobs.work import run_one
from maskloop.projects.tables import Label, Project
from maskloop.segmentations import numbers
from maskloop.segmentations.ledger import Author
from maskloop.segmentations.strokes import read_stroke, save_stroke
from maskloop.segmentations.tables import Segmentation
from maskloop.users.tables import User
from tests.factories import make_image, make_label, make_member, make_project, make_segmentation
from tests.images.sending import rows
from tests.phantoms import tilted_affine
from tests.segmentations.drawing import patch
from tests.signing import sign_in

SHAPE = (2, 20, 30)
PLANE = {"kind": "planar", "modality": "OT", "affine": None, "spacing": None, "spacing_source": None, "unit": None}


@dataclass
class Desk:
    """A project with one label; its annotator is signed in."""

    client: TestClient
    project: Project
    reader: User
    label: Label

    def image(self, name: str, shape=SHAPE, **changes) -> Image:
        with session_scope() as session:
            return make_image(session, session.merge(self.project), shape, name=name, **changes)

    def labelled(self, name: str, shape=SHAPE, *, voxels: int = 5, **changes) -> Segmentation:
        """Add an image on whose first row number 1 is drawn."""
        image = self.image(name, shape, **changes)
        with session_scope() as session:
            segmentation = make_segmentation(session, session.merge(image))
            given = {"layer": 0, "count": 1, "key": new_id(), "author": Author(self.reader.id)}
            numbers.take_numbers(session, segmentation.id, label_id=self.label.id, **given)
            origin = TilePosition(0, 0, 0, 0).pack()
            body = encode_stroke({"tool": "brush", "active_ms": 1}, {origin: patch((0, voxels, 0, 1))})
            stroke = read_stroke(body, shape)
            save_stroke(session, segmentation.id, stroke, key=new_id(), author=Author(self.reader.id))
            return segmentation

    def order(self, **body):
        headers = {"Idempotency-Key": body.pop("key", str(new_id()))}
        return self.client.post(f"/api/v1/projects/{self.project.id}/exports", json=body, headers=headers)

    def export(self, **body) -> dict:
        """Order an export, run its job and return what became of it."""
        job = self.order(**body).json()
        run_one("io")
        ended = self.client.get(f"/api/v1/jobs/{job['id']}").json()
        assert ended["state"] == "succeeded", ended
        return self.client.get(f"/api/v1/exports/{ended['result']['export_id']}").json()

    def file(self, export: dict, name: str) -> bytes:
        answer = self.client.get(f"/api/v1/exports/{export['id']}/files/{name}")
        assert answer.status_code == 200, answer.text
        return answer.content


@pytest.fixture
def desk(client: TestClient) -> Desk:
    with session_scope() as session:
        project = make_project(session)
        desk = Desk(client, project, make_member(session, project), make_label(session, project, name="Liver"))
    sign_in(client, desk.reader)
    return desk


def names(export: dict) -> list[str]:
    return [item["file"] for item in export["manifest"]["items"]]


def drawn(shape=SHAPE) -> np.ndarray:
    expected = np.zeros(shape, np.uint8)
    expected[0, 0, :5] = 1
    return expected


def test_one_image_becomes_a_nifti_that_reads_back(desk: Desk, tmp_path: Path) -> None:
    segmentation = desk.labelled("abdomen")
    desk.labelled("another")

    export = desk.export(format="nifti", image_ids=[str(segmentation.image_id)])

    content = desk.file(export, "abdomen.nii.gz")
    (tmp_path / "a.nii.gz").write_bytes(content)
    read = nib.load(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(np.asarray(read.dataobj).transpose(2, 1, 0), drawn())
    (item,) = export["manifest"]["items"]
    assert (item["image"], item["segmentation"]) == (str(segmentation.image_id), str(segmentation.id))
    assert (item["seq"], item["digest"], item["size"]) == (2, hashlib.sha256(content).hexdigest(), len(content))
    assert item["receipt"]["voxels_different"] == 0
    assert [(entry["number"], entry["name"]) for entry in item["segments"]] == [(1, "Liver")]


def test_a_whole_project_is_written_and_the_manifest_is_a_file(desk: Desk) -> None:
    for name in ("a", "b"):
        desk.labelled(name)
    desk.image("bare")

    export = desk.export(format="nifti")

    assert (sorted(names(export)), export["manifest"]["failed"]) == (["a.nii.gz", "b.nii.gz"], [])
    assert json.loads(desk.file(export, "manifest.json")) == export["manifest"]
    assert (export["state"], export["files"]) == ("succeeded", 3)


def test_a_sheared_grid_is_carried_by_the_sform_alone(desk: Desk, tmp_path: Path) -> None:
    affine = tilted_affine()
    desk.labelled("head", affine=affine.ravel().tolist())

    export = desk.export(format="nifti")

    (tmp_path / "head.nii.gz").write_bytes(desk.file(export, "head.nii.gz"))
    header = nib.load(tmp_path / "head.nii.gz").header
    assert (int(header["qform_code"]), int(header["sform_code"])) == (0, 1)
    np.testing.assert_allclose(header.get_sform(), np.diag([-1, -1, 1, 1]) @ affine, atol=1e-4)


def test_a_plane_becomes_a_png_of_its_numbers(desk: Desk) -> None:
    desk.labelled("nuclei.tif", (1, 20, 30), **PLANE)

    semantic = desk.export(format="png")
    instance = desk.export(format="png", variant="instance")

    eight, sixteen = (Picture.open(io.BytesIO(desk.file(made, "nuclei.png"))) for made in (semantic, instance))
    np.testing.assert_array_equal(np.asarray(eight), drawn((1, 20, 30))[0])
    np.testing.assert_array_equal(np.asarray(sixteen), drawn((1, 20, 30))[0])
    assert (eight.mode, sixteen.mode) == ("L", "I;16")
    assert semantic["manifest"]["items"][0]["receipt"]["voxels_different"] == 0


def test_a_volume_becomes_one_png_per_slice(desk: Desk) -> None:
    desk.labelled("abdomen")

    assert names(desk.export(format="png")) == ["abdomen_0000.png", "abdomen_0001.png"]


@pytest.mark.parametrize(
    ("name", "stem"),
    [("case 7.NII.GZ", "case_7"), ("cells.ome.tif", "cells"), ("a/b/scan.dcm", "scan"), ("..", "image"), ("µm", "µm")],
)
def test_files_carry_the_name_of_their_image(desk: Desk, name: str, stem: str) -> None:
    desk.labelled(name)

    assert names(desk.export(format="nifti")) == [f"{stem}.nii.gz"]


def test_alike_names_get_a_short_id(desk: Desk) -> None:
    one, two = desk.labelled("one/scan.dcm"), desk.labelled("two/Scan.dcm")

    found = names(desk.export(format="nifti"))

    assert found == [f"scan_{str(one.id)[-8:]}.nii.gz", f"Scan_{str(two.id)[-8:]}.nii.gz"]


def test_a_slice_and_an_image_that_is_called_like_it_do_not_meet(desk: Desk) -> None:
    desk.labelled("scan")
    plane = desk.labelled("scan_0001.png", (1, 20, 30), voxels=9, **PLANE)

    found = names(desk.export(format="png"))

    assert found == ["scan_0000.png", "scan_0001.png", f"scan_0001_{str(plane.id)[-8:]}.png"]


def test_what_has_no_labels_is_named_as_not_written(desk: Desk) -> None:
    good, bare = desk.labelled("good"), desk.image("bare")
    with session_scope() as session:
        empty = make_segmentation(session, session.merge(bare))

    by_image = desk.export(format="nifti", image_ids=[str(good.image_id), str(bare.id)])["manifest"]
    by_segmentation = desk.export(format="nifti", segmentation_ids=[str(good.id), str(empty.id)])["manifest"]

    assert [item["file"] for item in by_image["items"]] == ["good.nii.gz"]
    assert [item["file"] for item in by_segmentation["items"]] == ["good.nii.gz"]
    for manifest in (by_image, by_segmentation):
        assert [(entry["image"], entry["code"]) for entry in manifest["failed"]] == [(str(bare.id), "no-labels")]


def test_ids_of_another_project_match_nothing(desk: Desk) -> None:
    desk.labelled("mine")
    with session_scope() as session:
        foreign = make_segmentation(session, make_image(session, make_project(session)), seq=3)

    by_image = desk.export(format="nifti", image_ids=[str(foreign.image_id)])
    by_segmentation = desk.export(format="nifti", segmentation_ids=[str(foreign.id)])

    for export in (by_image, by_segmentation):
        assert (export["manifest"]["items"], export["manifest"]["failed"], export["files"]) == ([], [], 1)


def test_the_archive_opens_and_holds_every_file(desk: Desk) -> None:
    desk.labelled("größe")
    export = desk.export(format="nifti")

    answer = desk.client.get(f"/api/v1/exports/{export['id']}/archive")

    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == ["größe.nii.gz", "manifest.json"]
    assert archive.read("größe.nii.gz") == desk.file(export, "größe.nii.gz")
    assert answer.headers["content-disposition"].startswith('attachment; filename="maskloop-export-')


def test_the_same_key_gives_the_same_job_and_another_body_is_refused(desk: Desk) -> None:
    key = str(new_id())

    first, again = (desk.order(format="nifti", key=key) for _ in range(2))
    other = desk.order(format="png", key=key)

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == f"/api/v1/jobs/{first.json()['id']}"
    assert rows("SELECT count(*) FROM export") == [(1,)]


def test_exports_are_listed_newest_first(desk: Desk) -> None:
    url = f"/api/v1/projects/{desk.project.id}/exports"
    old, new = (desk.order(format=form).json()["id"] for form in ("nifti", "png"))

    first = desk.client.get(url, params={"limit": 1}).json()
    second = desk.client.get(url, params={"limit": 1, "cursor": first["next_cursor"]}).json()

    assert [page["items"][0]["job_id"] for page in (first, second)] == [new, old]
    assert second["next_cursor"] is None
    assert desk.client.get(url, params={"cursor": encode_cursor("x")}).status_code == 422
