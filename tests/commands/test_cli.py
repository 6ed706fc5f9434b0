"""The client's commands: JSON lines and exit codes are a contract with other programs."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from maskloop.core.settings import get_settings
from maskloop.core.storage import get_storage
from maskloop.embedded.children import free_port
from maskloop.images import uploads
from tests import tiny_models as tiny
from tests.client.running import Running, running
from tests.images.sending import ct_files

Result = subprocess.CompletedProcess[str]
Cli = Callable[..., Result]


@pytest.fixture(scope="module")
def server(template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(template_database, tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def cli(server: Running) -> Cli:
    """Return a function that runs a command as a user would, on the server."""
    return partial(run, MASKLOOP_URL=server.url, MASKLOOP_TOKEN=server.token)


@pytest.fixture
def project(cli: Cli, tmp_path: Path) -> str:
    """The name of a project with one label."""
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps([{"name": "Liver", "color": "#ea9e51", "kind": "semantic"}]))
    name = f"project {uuid4()}"
    assert cli("project", "create", name, "--labels", labels).returncode == 0
    return name


def run(*arguments: object, **environment: str) -> Result:
    command = [sys.executable, "-m", "maskloop.cli", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=120)


def lines(result: Result) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def imported(cli: Cli, project: str, folder: Path, **plan) -> str:
    """Import a small series and return its image."""
    ct_files(folder, **plan)
    result = cli("import", folder, "--project", project, "--json")
    assert result.returncode == 0, result.stderr
    return str(lines(result)[0]["image"])


def test_project_create_and_list_print_id_and_name(cli: Cli) -> None:
    created = cli("project", "create", "Livers", "--json")
    listed = cli("project", "list", "--json")

    (made,) = lines(created)
    assert (created.returncode, list(made), made["name"]) == (0, ["id", "name"], "Livers")
    assert made in lines(listed)
    assert cli("project", "list").stdout.count(f"{made['id']}  Livers\n") == 1


@pytest.mark.parametrize("content", ["{", '{"name": "Liver"}', '["Liver"]'])
def test_a_label_file_of_another_form_makes_no_project(cli: Cli, tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)
    before = cli("project", "list").stdout

    result = cli("project", "create", "Never", "--labels", tmp_path / "labels.json")

    assert (result.returncode, result.stdout) == (2, "")
    assert "labels.json" in result.stderr
    assert cli("project", "list").stdout == before


def test_import_prints_one_line_per_file(cli: Cli, project: str, tmp_path: Path) -> None:
    sent = ct_files(tmp_path / "abdomen")

    result = cli("import", tmp_path / "abdomen", "--project", project, "--json")

    found = lines(result)
    assert result.returncode == 0
    assert [list(line) for line in found] == [["file", "outcome", "reason", "image"]] * 3
    assert {line["file"] for line in found} == set(sent)
    assert {line["outcome"] for line in found} == {"accepted"}
    assert len({UUID(line["image"]) for line in found}) == 1


def test_import_exits_1_when_a_file_is_refused_and_still_takes_the_others(
    cli: Cli, project: str, tmp_path: Path
) -> None:
    ct_files(tmp_path / "abdomen", seed=7)
    (tmp_path / "notes.dcm").write_text("only text\n" * 40)
    (tmp_path / "empty").touch()

    paths = [tmp_path / name for name in ("abdomen", "notes.dcm", "empty")]
    result = cli("import", *paths, "--project", project, "--json")

    by_file = {line["file"]: line for line in lines(result)}
    assert result.returncode == 1
    assert [by_file[name]["outcome"] for name in ("notes.dcm", "empty")] == ["refused", "refused"]
    assert all(" " in by_file[name]["reason"] for name in ("notes.dcm", "empty"))
    assert sum(line["outcome"] == "accepted" for line in by_file.values()) == 3


def test_import_holds_names_unless_told_and_finds_what_it_has(cli: Cli, project: str, tmp_path: Path) -> None:
    ct_files(tmp_path / "head", patient_name="Zyxwvutsrq^Anna", seed=8)
    order = ("import", tmp_path / "head", "--project", project, "--json")

    held, taken, again = cli(*order), cli(*order, "--allow-identified"), cli(*order, "--allow-identified")

    assert (held.returncode, {line["outcome"] for line in lines(held)}) == (1, {"held"})
    assert (taken.returncode, {line["outcome"] for line in lines(taken)} <= {"accepted", "noted"}) == (0, True)
    assert (again.returncode, {line["outcome"] for line in lines(again)}) == (0, {"duplicate"})
    assert {line["image"] for line in lines(again)} == {line["image"] for line in lines(taken)}


def test_predict_accepts_and_export_writes_what_the_manifest_says(cli: Cli, project: str, tmp_path: Path) -> None:
    image = imported(cli, project, tmp_path / "abdomen", seed=9)

    predicted = cli("predict", "--project", project, "--segmenter", "otsu", "--label", "Liver", "--accept", "--json")
    exported = cli("export", "--project", project, "--format", "nifti", "-o", tmp_path / "out", "--json")

    (line,) = lines(predicted)
    assert (predicted.returncode, list(line)) == (0, ["image", "proposal", "seconds", "problem"])
    assert (line["image"], line["problem"], UUID(line["proposal"]).version) == (image, None, 7)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (exported.returncode, lines(exported)) == (0, manifest["items"])
    assert {"items", "failed"} <= set(manifest)
    (item,) = manifest["items"]
    assert {"file", "image", "segmentation", "seq", "digest", "receipt"} <= set(item)
    assert (tmp_path / "out" / item["file"]).stat().st_size == item["size"]


def test_predict_names_an_image_that_failed_and_exits_1(cli: Cli, project: str, tmp_path: Path) -> None:
    image = imported(cli, project, tmp_path / "abdomen", seed=10)

    result = cli("predict", "--project", project, "--segmenter", "nothing@9", "--image", image, "--json")

    (line,) = lines(result)
    assert result.returncode == 1
    assert (line["image"], line["proposal"], line["problem"]) == (image, None, "There is no segmenter 'nothing@9'.")


def test_export_names_an_image_without_labels_and_exits_1(cli: Cli, project: str, tmp_path: Path) -> None:
    image = imported(cli, project, tmp_path / "abdomen", seed=11)

    result = cli("export", "--project", project, "--format", "png", "-o", tmp_path / "out", "--image", image)

    assert (result.returncode, result.stdout.split()[:3]) == (1, ["not", "written:", image])


def test_model_add_and_list_print_four_values(cli: Cli, tmp_path: Path) -> None:
    model = tiny.save(tiny.softmax_2d(), tmp_path / "m.onnx")
    (tmp_path / "manifest.json").write_text(json.dumps(tiny.manifest(tiny.softmax_head(0, 1))))

    added = cli("model", "add", model, "--manifest", tmp_path / "manifest.json", "--json")
    listed = cli("model", "list", "--json")

    assert (added.returncode, listed.returncode) == (0, 0)
    assert lines(added) == [{"name": "tiny", "version": "1", "task": "semantic", "stage": "candidate"}]
    assert {"otsu", "threshold", "watershed", "tiny"} <= {line["name"] for line in lines(listed)}
    assert all(list(line) == ["name", "version", "task", "stage"] for line in lines(listed))


def test_a_refused_model_is_one_sentence_and_exit_1(cli: Cli, tmp_path: Path) -> None:
    model = tiny.save(tiny.with_external_data(), tmp_path / "m.onnx")

    result = cli("model", "add", model)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("The model keeps data outside its file")


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "no/such/folder", "--project", "x"),
        ("import", "--project", "x"),
        ("import", "."),
        ("predict", "--project", "x"),
        ("export", "--project", "x", "--format", "nifti"),
        ("model", "add", "a", "b", "c"),
        ("project", "create"),
        ("nonsense",),
    ],
)
def test_wrong_use_exits_2_and_prints_nothing(cli: Cli, arguments: tuple[str, ...]) -> None:
    result = cli(*arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr


def test_without_a_server_to_talk_to_it_exits_2() -> None:
    result = run("project", "list", MASKLOOP_URL="", MASKLOOP_TOKEN="")

    assert (result.returncode, result.stdout) == (2, "")
    assert "MASKLOOP_URL" in result.stderr


def test_a_file_that_is_too_large_is_refused_and_the_others_go_on(
    cli: Cli, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ct_files(tmp_path / "scan")
    (tmp_path / "huge.bin").write_bytes(b"x" * 200_000)
    allow = uploads.require_room
    small = get_settings().model_copy(update={"upload_max_bytes": 100_000})
    monkeypatch.setattr(uploads, "require_room", lambda _, size: allow(small, size))

    result = cli("import", tmp_path / "huge.bin", tmp_path / "scan", "--project", project, "--json")

    outcomes = {line["file"]: line for line in lines(result)}
    assert result.returncode == 1
    assert outcomes["huge.bin"]["outcome"] == "refused"
    assert outcomes["huge.bin"]["reason"] == "A file may have 100000 bytes at most; this one has 200000."
    assert [line["outcome"] for line in lines(result)].count("accepted") == len(outcomes) - 1 > 0


def test_an_import_without_room_stops_with_one_sentence_and_takes_back_what_it_sent(
    cli: Cli, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ct_files(tmp_path / "scan")
    asked = count()  # twice for each file
    low = get_settings().model_copy(update={"low_space_bytes": 1 << 60})
    monkeypatch.setattr(uploads, "require_room", lambda _, size: next(asked) < 4 or uploads.require_space(low, size))
    before = quarantine()

    result = cli("import", tmp_path / "scan", "--project", project)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.strip() == "The server is low on space. Your labels still save; uploads wait."
    assert quarantine() == before


def quarantine() -> list[str]:
    return sorted(get_storage().keys("q"))


@pytest.mark.parametrize(
    "command", [["migrate"], ["token", "add", "--user", "admin"], ["user", "add", "a@example.org"]]
)
def test_a_folder_without_data_is_said_in_one_sentence(tmp_path: Path, command: list[str]) -> None:
    result = run(*command, "--data-dir", tmp_path, MASKLOOP_DATABASE_URL="")

    said = f"{tmp_path} holds no Maskloop data. Run `maskloop up` first, or name it by --data-dir.\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", said)


def test_a_database_that_does_not_answer_is_said_in_one_sentence(tmp_path: Path) -> None:
    nobody = f"postgresql://maskloop:secret@127.0.0.1:{free_port()}/maskloop"

    result = run("token", "add", "--user", "admin", "--data-dir", tmp_path, MASKLOOP_DATABASE_URL=nobody)

    assert (result.returncode, result.stderr) == (2, "The database that the settings name does not answer.\n")
