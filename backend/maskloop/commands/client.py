"""Commands that talk to a server: MASKLOOP_URL and MASKLOOP_TOKEN say which and as whom."""

import json
from pathlib import Path
from typing import Annotated

import typer

from maskloop.client.errors import MaskloopError
from maskloop.commands.output import EXIT_SOME_FAILED, AsJson, Bar, connected, print_line, wrong_use

project_app = typer.Typer(help="Labelling efforts.", no_args_is_help=True)
ProjectOption = Annotated[str, typer.Option("--project", help="Name or id of the project.")]
GOOD = {"accepted", "noted", "attached", "duplicate"}


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    project_app.command("create")(create_project)
    project_app.command("list")(list_projects)
    app.add_typer(project_app, name="project")
    app.command("import")(import_paths)
    app.command()(predict)
    app.command()(export)


def create_project(
    name: Annotated[str, typer.Argument()],
    *,
    labels: Annotated[
        Path | None, typer.Option(help='JSON: [{"name","color","kind"}].', exists=True, dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a project."""
    given = _labels_of(labels) if labels else []
    with connected() as client:
        project = client.create_project(name, given)
    print_line({"id": str(project.id), "name": project.name}, as_json=as_json, text=f"{project.id}  {project.name}")


def list_projects(*, as_json: AsJson = False) -> None:
    """List the projects that the token may see."""
    with connected() as client:
        for project in client.projects():
            values: dict[str, object] = {"id": str(project.id), "name": project.name}
            print_line(values, as_json=as_json, text=f"{project.id}  {project.name}")


def import_paths(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders and zip archives.")],
    *,
    project: ProjectOption,
    allow_identified: Annotated[bool, typer.Option(help="Take files with patient names; they are not stored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send files to a project and say what happened to each. Exit code 1 when one was refused or is held."""
    if missing := [path for path in paths if not path.exists()]:
        raise wrong_use(f"There is no {missing[0]}.")
    files = [file for path in paths for file in files_below(path)]
    if not files:
        raise wrong_use("There are no files in what you named.")
    size = sum(path.stat().st_size for _, path in files)
    failed = False
    with connected() as client, Bar("Sending", total=max(size, 1)) as sending, Bar("Reading") as reading:
        found = client.project(project)
        items = client.import_files(
            found.id, files, allow_identified=allow_identified, on_sent=sending.add, on_progress=reading.show
        )
        for item in items:
            failed |= item.outcome not in GOOD
            for name in item.names or [item.file]:
                image = str(item.image_id) if item.image_id else None
                values: dict[str, object] = {
                    "file": name,
                    "outcome": item.outcome,
                    "reason": item.reason,
                    "image": image,
                }
                text = f"{item.outcome:9}  {name}" + (f"  {item.reason}" if item.reason else "")
                print_line(values, as_json=as_json, text=text)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def predict(
    *,
    project: ProjectOption,
    segmenter: Annotated[str, typer.Option(help="NAME or NAME@VERSION; see `maskloop model list`.")],
    image: Annotated[list[str] | None, typer.Option(help="Image id; repeatable. Default: all of the project.")] = None,
    label: Annotated[str | None, typer.Option(help="Name of the label that is proposed.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Accept each proposal at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Propose masks. Exit code 1 when one image failed; the others are done."""
    name, _, version = segmenter.partition("@")
    failed = False
    with connected() as client, Bar("Predicting") as bar:
        found = client.project(project)
        labels = {entry.name: entry.id for entry in client.labels(found.id)}
        if label is not None and label not in labels:
            raise wrong_use(f"The project has no label {label!r}. It has: {', '.join(labels)}.")
        for image_id in image or [str(entry.id) for entry in client.images(found.id)]:
            values: dict[str, object] = {"image": image_id, "proposal": None, "seconds": None, "problem": None}
            try:
                proposal = client.predict(
                    image_id,
                    name,
                    version=version or None,
                    label_id=labels[label] if label else None,
                    on_progress=bar.show,
                )
                values |= {"proposal": str(proposal.id), "seconds": proposal.seconds}
                if accept:
                    client.accept(proposal.id)
            except MaskloopError as error:
                values["problem"] = str(error)
                failed = True
            done = values["problem"] or f"proposal {values['proposal']} in {values['seconds']} s"
            print_line(values, as_json=as_json, text=f"{image_id}  {done}")
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def export(
    *,
    project: ProjectOption,
    file_format: Annotated[str, typer.Option("--format", help="nifti or png.")],
    variant: Annotated[str, typer.Option(help="Of png: semantic, instance or overlay.")] = "semantic",
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the files and manifest.json.")],
    image: Annotated[list[str] | None, typer.Option(help="Image id; repeatable.")] = None,
    segmentation: Annotated[list[str] | None, typer.Option(help="Segmentation id; repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write labels to files. Exit code 1 when one could not be written; the others are there."""
    with connected() as client, Bar("Exporting") as bar:
        found = client.project(project)
        manifest = client.export(
            found.id,
            file_format,
            output,
            variant=variant,
            image_ids=image,
            segmentation_ids=segmentation,
            on_progress=bar.show,
        )
    items, failed = manifest["items"], manifest["failed"]
    assert isinstance(items, list)
    assert isinstance(failed, list)
    for item in items:
        print_line(item, as_json=as_json, text=str(output / str(item["file"])))
    for item in failed:
        print_line(item, as_json=as_json, text=f"not written: {item.get('image')}  {item.get('reason')}")
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def _labels_of(path: Path) -> list[dict[str, object]]:
    try:
        given = json.loads(path.read_text())
    except ValueError as error:
        raise wrong_use(f"{path} is not JSON: {error}") from error
    if not isinstance(given, list) or not all(isinstance(label, dict) and label.get("name") for label in given):
        raise wrong_use(f'{path} must hold a list of labels: [{{"name", "color", "kind"}}].')
    return given


def files_below(path: Path) -> list[tuple[str, Path]]:
    """Return (name, path) of a file, or of every file below a folder in order; names are relative to its parent."""
    if path.is_file():
        return [(path.name, path)]
    root = path.resolve().parent
    return [(str(file.resolve().relative_to(root)), file) for file in sorted(path.rglob("*")) if file.is_file()]
