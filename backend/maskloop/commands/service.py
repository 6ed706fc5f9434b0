"""Commands that run the service or look after it. Heavy imports wait until a command needs them."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path, typer.Option(help="Folder that holds everything of the embedded mode.")]
DEFAULT_DATA_DIR = Path(os.environ.get("MASKLOOP_DATA_DIR", ".maskloop"))


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    for command in (up, serve, worker, relay, migrate, settings):
        app.command()(command)


def up(
    *,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Make a demo project on first start.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Jobs that run at the same time.")] = 2,
) -> None:
    """Start everything on this machine: database, queue, web server and workers, with all data in one folder."""
    from maskloop.commands.start import prepare, say_ready
    from maskloop.embedded.supervisor import CannotStartError, Supervisor

    stopped: list[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: stopped.append(number))
    supervisor = Supervisor(data_dir.resolve(), host, port, workers, stopping=lambda: bool(stopped))
    try:
        if not supervisor.start(prepare):
            return
    except CannotStartError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    try:
        say_ready(supervisor.url, data_dir=supervisor.data_dir)
        if demo:
            supervisor.start_once("demo", [sys.executable, "-m", "maskloop.commands.demo"])
        supervisor.watch()
    finally:
        supervisor.stop()


def serve(
    *,
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Run the web processes on the stores that the settings name."""
    from maskloop.embedded.gate import importing, wait_for_go

    with importing():
        from maskloop.commands.web import run_web
        from maskloop.core.logging import configure_logging
        from maskloop.core.settings import get_settings
        from maskloop.jobs.sandbox import hide_memory
        from maskloop.main import create_app

        configure_logging("api")
        hide_memory()
        app = create_app()
    wait_for_go()
    run_web(app, host=host, port=port, processes=get_settings().web_processes)


def worker(
    *,
    queues: Annotated[str, typer.Option(help="Queues to serve, separated by commas.")] = "interactive,io,infer,train",
    concurrency: Annotated[int, typer.Option(min=1, max=64)] = 2,
) -> None:
    """Run one worker: it takes jobs from Postgres when a bell rings."""
    from maskloop.embedded.gate import importing, wait_for_go

    with importing():
        from maskloop.jobs.handlers import load_tasks
        from maskloop.worker import worker_main

        load_tasks()
    wait_for_go()
    worker_main(queues.split(","), concurrency)


def relay() -> None:
    """Run one relay: it rings bells, takes back the jobs of dead workers and seals the audit trail."""
    from maskloop.embedded.gate import importing, wait_for_go

    with importing():
        from maskloop.relay import relay_main
    wait_for_go()
    relay_main()


def migrate(*, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Bring the database up to date; where MASKLOOP_ADMIN_PASSWORD is set, make `admin` if there is none."""
    from maskloop.commands.people import attached
    from maskloop.commands.start import prepare

    with attached(data_dir):
        prepare(generate_password=False)
    typer.echo("The schema is up to date.")


def settings(*, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Print the settings of this environment, secrets hidden."""
    from maskloop.core.settings import Settings, get_settings

    values = {name: str(value) for name, value in get_settings().model_dump().items()}
    if as_json:
        json.dump(values, sys.stdout)
        sys.stdout.write("\n")
        return
    for name, value in values.items():
        typer.echo(f"MASKLOOP_{name.upper()}={value}    {Settings.model_fields[name].description or ''}".rstrip())
