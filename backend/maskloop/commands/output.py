"""What the client's commands print: JSON lines for programs, plain text for people, and exit codes.

Client and progress bar are imported when they are used: `maskloop up` needs neither.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from maskloop.client.errors import MaskloopError

if TYPE_CHECKING:
    from maskloop.client.client import Client

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
EXIT_SOME_FAILED = 1
EXIT_WRONG_USE = 2


def print_line(values: dict[str, object], *, as_json: bool, text: str) -> None:
    """Print one result."""
    sys.stdout.write((json.dumps(values, allow_nan=False) if as_json else text) + "\n")
    sys.stdout.flush()


def wrong_use(sentence: str) -> typer.Exit:
    """Say what is wrong; raise what this returns."""
    typer.echo(sentence, err=True)
    return typer.Exit(EXIT_WRONG_USE)


@contextmanager
def connected() -> "Iterator[Client]":
    """Yield a client; a refusal ends the program with its sentence and exit code 1, wrong settings with 2."""
    from maskloop.client.client import Client

    try:
        with Client() as client:
            yield client
    except MaskloopError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(EXIT_WRONG_USE if error.code == "not-configured" else EXIT_SOME_FAILED) from error


class Bar:
    """A progress bar on standard error, shown on a terminal only."""

    def __init__(self, title: str, *, total: float = 1.0) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self.bar = Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty())
        self.task = self.bar.add_task(title, total=total)

    def __enter__(self) -> "Bar":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def add(self, amount: float) -> None:
        """Advance by an amount of the total."""
        self.bar.advance(self.task, amount)

    def show(self, fraction: float, step: str) -> None:
        """Show a job's progress."""
        self.bar.update(self.task, completed=fraction, description=step or None)
