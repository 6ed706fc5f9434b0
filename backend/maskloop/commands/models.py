"""`maskloop model`: register networks and list every segmenter."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.commands.output import AsJson, Bar, connected, print_line, wrong_use

if TYPE_CHECKING:
    from maskloop.client.types import ModelVersion

model_app = typer.Typer(help="Networks and other segmenters.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    model_app.command("add")(add_model)
    model_app.command("list")(list_models)
    app.add_typer(model_app, name="model")


def add_model(
    files: Annotated[
        list[Path], typer.Argument(help="An ONNX file, or encoder and decoder.", exists=True, dir_okay=False)
    ],
    *,
    manifest: Annotated[
        Path | None, typer.Option(help="JSON; not needed for well-known files.", exists=True, dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a network, try it once and register it."""
    if len(files) > 2:
        raise wrong_use("Name one ONNX file, or two: encoder and decoder.")
    with connected() as client, Bar("Checking"):
        version = client.add_model(files, manifest)
    _print(version, as_json=as_json)


def list_models(*, as_json: AsJson = False) -> None:
    """List every segmenter, the classical ones too."""
    with connected() as client:
        for version in client.models():
            _print(version, as_json=as_json)


def _print(version: "ModelVersion", *, as_json: bool) -> None:
    name = f"{version.name}@{version.version}" if version.version else version.name
    text = f"{name}  {version.task}  {version.stage}"
    print_line(version.model_dump(mode="json"), as_json=as_json, text=text)
