"""The tools of the Makefile: the next schema step, and the list of components."""

import ast
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from maskloop.commands.migration import VERSIONS, write_step
from maskloop.commands.sbom import bill_of_materials


def test_a_new_step_follows_the_last_one(tmp_path: Path) -> None:
    versions = tmp_path / "alembic" / "versions"
    shutil.copytree(VERSIONS, versions, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(VERSIONS.parent / "env.py", versions.parent)
    last = max(path.name[:4] for path in versions.glob("0*.py"))

    path = write_step('add the "review" columns.', versions)

    config = Config()
    config.set_main_option("script_location", str(versions.parent))
    step = ScriptDirectory.from_config(config).get_revision("head")
    assert path.name == f"{int(last) + 1:04d}_add_the_review_columns.py"
    assert (step.down_revision, step.doc) == (last, "Add the 'review' columns.")
    functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    assert functions == ["upgrade", "downgrade"]


def test_the_first_step_follows_none_and_is_not_written_twice_by_accident(tmp_path: Path) -> None:
    first, second = write_step("people", tmp_path), write_step("people", tmp_path)

    assert "down_revision = None" in first.read_text()
    assert (first.name, second.name) == ("0001_people.py", "0002_people.py")


def test_a_step_that_is_not_written_cannot_be_run(tmp_path: Path) -> None:
    made: dict[str, object] = {}
    exec(compile(write_step("people", tmp_path).read_text(), "step", "exec"), made)  # noqa: S102 - written just now

    with pytest.raises(NotImplementedError):
        made["upgrade"]()


def test_a_message_without_a_word_is_refused() -> None:
    done = subprocess.run([sys.executable, "-m", "maskloop.commands.migration", "!"], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", "Say what the step changes, in a few words.\n")


def test_the_list_of_components_names_each_with_version_licence_and_address() -> None:
    bill = json.loads(json.dumps(bill_of_materials(), allow_nan=False))

    by_name = {component["name"]: component for component in bill["components"]}
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "maskloop"
    assert bill["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert "maskloop" not in by_name
    assert by_name["numpy"]["purl"] == f"pkg:pypi/numpy@{version('numpy')}"
    assert by_name["sqlalchemy"]["version"] == version("sqlalchemy")
    assert by_name["typer"]["licenses"]
    assert len({component["bom-ref"] for component in bill["components"]}) == len(bill["components"])
