"""`maskloop user` and `maskloop token`: they work on the database that the settings name."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from maskloop.commands.service import DEFAULT_DATA_DIR, DataDir

user_app = typer.Typer(help="People and programs.", no_args_is_help=True)
token_app = typer.Typer(help="Bearer tokens for programs.", no_args_is_help=True)


class ServiceRole(StrEnum):
    """What a user may do outside projects."""

    admin = "admin"
    member = "member"


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    user_app.command("add")(add_user)
    token_app.command("add")(add_token)
    app.add_typer(user_app, name="user")
    app.add_typer(token_app, name="token")


def add_user(
    login: Annotated[str, typer.Argument(help="An e-mail address, or `admin`.")],
    *,
    role: Annotated[ServiceRole, typer.Option()] = ServiceRole.member,
    name: Annotated[str | None, typer.Option(help="Shown to others; default: the log-in.")] = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Add a user; without --password-stdin a password is made and printed once."""
    import secrets

    from maskloop.core.db import session_scope
    from maskloop.core.errors import AppError
    from maskloop.users import service

    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(12)
    with attached(data_dir):
        try:
            with session_scope() as session:
                service.create_user(session, login=login, name=name or login, role=role.value, password=password)
        except AppError as error:
            typer.echo(error.detail, err=True)
            raise typer.Exit(1) from error
    typer.echo(f"Added {login}." if password_stdin else password)


def add_token(
    *,
    user: Annotated[str, typer.Option(help="The log-in that the token acts for.")],
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; repeatable. Default: all.")] = None,
    name: Annotated[str, typer.Option()] = "command line",
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Make a bearer token and print it alone. It is shown this once."""
    from maskloop.core.db import session_scope
    from maskloop.core.errors import AppError
    from maskloop.users import service

    with attached(data_dir):
        try:
            with session_scope() as session:
                found = service.user_by_login(session, user)
                _, secret = service.create_token(session, user_id=found.id, name=name, scopes=scope or [])
        except AppError as error:
            typer.echo(error.detail, err=True)
            raise typer.Exit(1) from error
    typer.echo(secret)


@contextmanager
def attached(data_dir: Path) -> Iterator[None]:
    """Work on the database of the settings, or the one in `data_dir`; without one, say so and exit with 2."""
    from sqlalchemy.exc import OperationalError

    from maskloop.embedded.attach import database

    try:
        with database(data_dir):
            yield
    except typer.Exit:  # which is a RuntimeError
        raise
    except (FileNotFoundError, RuntimeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except OperationalError as error:
        typer.echo("The database that the settings name does not answer.", err=True)
        raise typer.Exit(2) from error
