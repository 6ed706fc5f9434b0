"""Uploads for tests: what a browser sends, the job that reads it, and what is left behind."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

import numpy as np
from PIL import Image as Picture
from sqlalchemy import text
from starlette.testclient import TestClient

from maskloop.core.db import session_scope
from maskloop.core.storage import get_storage
from maskloop.jobs.work import run_one
from tests.factories import make_member, make_project
from tests.phantoms import SeriesPlan, axial_affine, write_series
from tests.signing import sign_in


def send(client: TestClient, project_id: UUID, files: Mapping[str, bytes], *, allow_identified: bool = False) -> str:
    """Send files as one upload, run its import job, and return the upload's id."""
    body = {"allow_identified": allow_identified, "source": "browser"}
    upload_id = client.post(f"/api/v1/projects/{project_id}/uploads", json=body).json()["id"]
    for name, content in files.items():
        answer = client.post(f"/api/v1/uploads/{upload_id}/raw", params={"name": name}, content=content)
        assert answer.status_code == 201, answer.text
    assert client.post(f"/api/v1/uploads/{upload_id}/close").status_code == 202
    assert run_one("io") is not None
    return str(upload_id)


def items(client: TestClient, upload_id: str) -> list[dict]:
    """Return the outcomes of an upload, with the names of every file."""
    answer = client.get(f"/api/v1/uploads/{upload_id}/items", params={"expand": "names"})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def ct_files(folder: Path, slices: int = 3, *, seed: int = 1, **plan) -> dict[str, bytes]:
    """Return the files of a small CT series by name, all different from those of another seed."""
    voxels = np.random.default_rng(seed).integers(0, 4000, (slices, 16, 20), dtype=np.int16)
    paths = write_series(folder, voxels, axial_affine(), SeriesPlan(**plan))
    return {f"{folder.name}/{path.name}": path.read_bytes() for path in paths}


def rows(statement: str, **values) -> list:
    """Return the rows of a statement on the committed database."""
    with session_scope() as session:
        return list(session.execute(text(statement), values).all())


def store_keys() -> set[str]:
    """Return every key of the store."""
    return set(get_storage().keys())


def signed_in(client: TestClient) -> UUID:
    """Sign a manager in and return the project."""
    with session_scope() as session:
        project = make_project(session)
        manager = make_member(session, project, "manager")
    sign_in(client, manager)
    return project.id


def zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def good_png(seed: int = 1) -> bytes:
    target = io.BytesIO()
    Picture.fromarray(np.random.default_rng(seed).integers(0, 255, (30, 40), np.uint8)).save(target, "PNG")
    return target.getvalue()
