"""The client against a real server and a worker: what a program does, and how it hears of refusals."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import nibabel as nib
import numpy as np
import pytest

from maskloop.client.client import Client
from maskloop.client.errors import JobFailed, MaskloopError
from maskloop.client.types import Project
from maskloop.embedded.children import free_port
from tests import tiny_models as tiny
from tests.client.running import Running, running
from tests.images.sending import ct_files

LIVER = {"name": "Liver", "color": "#ea9e51", "kind": "semantic"}


@pytest.fixture(scope="module")
def server(template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(template_database, tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def client(server: Running) -> Iterator[Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def project(client: Client) -> Project:
    return client.create_project(f"project {uuid4()}", [LIVER])


def series(folder: Path, **plan) -> list[tuple[str, Path]]:
    """Write a small CT series and return (name, path) of its files."""
    return [(name, folder.parent / name) for name in ct_files(folder, **plan)]


class Interrupted(httpx.HTTPTransport):
    """The network, which breaks when a file is downloaded."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "/files/" in request.url.path:
            raise httpx.ReadError("the line went dead")
        return super().handle_request(request)


def test_a_project_is_found_by_name_and_by_id(client: Client, project: Project) -> None:
    assert client.project(project.name) == client.project(str(project.id))
    assert project.id in {entry.id for entry in client.projects()}
    assert [(label.name, label.color, label.kind) for label in client.labels(project.id)] == [tuple(LIVER.values())]


def test_lists_are_read_to_their_last_page(client: Client, server: Running) -> None:
    made = {client.create_project(f"page {number}").id for number in range(3)}

    found = list(client.transport.pages("projects", Project, limit=1))

    assert made <= {entry.id for entry in found}
    assert len(found) == len({entry.id for entry in found})


def test_a_series_becomes_one_image_and_every_byte_is_counted(client: Client, project: Project, tmp_path: Path) -> None:
    files = series(tmp_path / "abdomen")
    sent: list[int] = []

    (item,) = client.import_files(project.id, files, on_sent=sent.append)

    assert (item.outcome, sorted(item.names or [])) == ("accepted", sorted(name for name, _ in files))
    (image,) = client.images(project.id)
    assert (image.id, image.shape, image.modality) == (item.image_id, [3, 16, 20], "CT")
    assert np.shape(client.image(image.id).affine) == (4, 4)
    assert sum(sent) == sum(path.stat().st_size for _, path in files)


def test_from_import_to_a_corrected_file(client: Client, project: Project, tmp_path: Path) -> None:
    (item,) = client.import_files(project.id, series(tmp_path / "abdomen", seed=5))
    assert item.image_id is not None
    liver = client.labels(project.id)[0].id

    proposal = client.predict(item.image_id, "threshold", parameters={"lower": 0}, label_id=liver)
    seq = client.accept(proposal.id)
    manifest = client.export(project.id, "nifti", tmp_path / "out", image_ids=[str(item.image_id)])

    assert (proposal.state, proposal.seconds >= 0) == ("ready", True)
    (entry,) = manifest["items"]
    assert (entry["seq"], entry["image"]) == (seq, str(item.image_id))
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    labels = np.asarray(nib.load(tmp_path / "out" / entry["file"]).dataobj)
    assert (labels.shape, set(np.unique(labels)) <= {0, 1}, labels.any()) == ((20, 16, 3), True, True)


def test_segmenters_and_models_name_the_classical_ones(client: Client, project: Project) -> None:
    assert {"otsu", "threshold", "watershed"} <= {entry.name for entry in client.segmenters(project.id)}
    assert {"otsu", "threshold", "watershed"} <= {entry.name for entry in client.models()}


def test_a_network_is_added_with_its_manifest(client: Client, tmp_path: Path) -> None:
    model = tiny.save(tiny.softmax_2d(), tmp_path / "m.onnx")
    (tmp_path / "manifest.json").write_text(json.dumps(tiny.manifest(tiny.softmax_head(0, 1))))

    version = client.add_model([model], tmp_path / "manifest.json")

    assert (version.name, version.version, version.stage) == ("tiny", "1", "candidate")
    assert version in client.models()


def test_a_job_that_fails_raises_its_sentence(client: Client, tmp_path: Path) -> None:
    model = tiny.save(tiny.with_external_data(), tmp_path / "m.onnx")

    with pytest.raises(JobFailed, match="keeps data outside its file"):
        client.add_model([model])


def test_refusals_carry_code_status_and_sentence(server: Running, client: Client) -> None:
    with pytest.raises(MaskloopError, match="no project 'nowhere'") as missing:
        client.project("nowhere")
    with Client(server.url, "mlp_wrong") as stranger, pytest.raises(MaskloopError) as unknown:
        stranger.projects()
    with pytest.raises(MaskloopError) as absent:
        client.image(uuid4())

    assert (missing.value.code, missing.value.status) == ("not-found", 404)
    assert (unknown.value.status, absent.value.status) == (401, 404)
    assert absent.value.code == "not-found"


def test_a_server_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maskloop.client.transport.TRIES", 1)

    with Client(f"http://127.0.0.1:{free_port()}", "mlp_x") as client, pytest.raises(MaskloopError) as error:
        client.projects()

    assert (error.value.code, str(error.value).split(":")[0]) == ("no-answer", "127.0.0.1 did not answer")


def test_a_download_that_breaks_is_an_error_of_ours(server: Running, project: Project, tmp_path: Path) -> None:
    with Client(server.url, server.token, transport=Interrupted()) as client, pytest.raises(MaskloopError) as error:
        client.export(project.id, "nifti", tmp_path)

    assert error.value.code == "no-answer"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "token"), [("", "mlp_x"), ("http://localhost", ""), ("http://localhost:port", "mlp_x")]
)
def test_without_an_address_or_a_token_it_says_what_to_set(
    url: str, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKLOOP_URL", url)
    monkeypatch.setenv("MASKLOOP_TOKEN", token)

    with pytest.raises(MaskloopError, match="MASKLOOP_URL") as error:
        Client()

    assert error.value.code == "not-configured"


@pytest.mark.parametrize("module", ["maskloop", "maskloop.client.client", "maskloop.cli"])
def test_the_light_client_needs_nothing_of_the_server(module: str) -> None:
    heavy = ("fastapi", "starlette", "sqlalchemy", "celery", "uvicorn", "pydicom", "obstore", "redis", "psycopg")
    program = f"import sys, {module}; print(sorted(set({heavy!r}) & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
