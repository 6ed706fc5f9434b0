"""What `maskloop up` does between the stores and the web server: schema, first user, demo."""

import os
import sys
from pathlib import Path

import typer

from maskloop.core.schema_version import newest

PASSWORD_FILE = "admin-password"  # noqa: S105 - a file name


def prepare(*, generate_password: bool = True) -> None:
    """Migrate, and make `admin` on first start. Where nothing is to do, one query says so and nothing is imported.

    Without a given password one is made and kept in a file, or, without `generate_password`, there is no `admin` yet.
    """
    url = os.environ["MASKLOOP_DATABASE_URL"]
    if _is_prepared(url):
        return
    from maskloop.core.db import make_engine, session_scope
    from maskloop.core.migrations import upgrade
    from maskloop.core.settings import Settings
    from maskloop.users import service as users

    settings = Settings()
    engine = make_engine(url)
    try:
        upgrade(engine)
        given = settings.admin_password.get_secret_value() if settings.admin_password else None
        if given is None and not generate_password:
            return
        with session_scope(engine) as session:
            generated = users.ensure_admin(session, given)
            if generated is not None:  # before the commit: a start that ends here leaves no password that nobody knows
                _keep_password(settings.data_dir / PASSWORD_FILE, generated)
    finally:
        engine.dispose()


def _is_prepared(url: str) -> bool:
    import psycopg

    with psycopg.connect(url, connect_timeout=5) as connection:
        tables = "SELECT to_regclass('alembic_version') IS NOT NULL AND to_regclass('user_account') IS NOT NULL"
        if connection.execute(tables).fetchone() != (True,):
            return False
        found = connection.execute(
            "SELECT version_num, EXISTS (SELECT 1 FROM user_account WHERE lower(login) = 'admin') FROM alembic_version"
        )
        return found.fetchall() == [(newest(), True)]


def say_ready(url: str, *, data_dir: Path) -> None:
    """Print the address and where the first password is."""
    typer.echo(f"Maskloop is ready: {url}")
    password_file = data_dir / PASSWORD_FILE
    if password_file.exists():
        typer.echo(f"Sign in as admin. The password is in {password_file}.")
    typer.echo("Not for diagnostic use. Research and annotation only. Stop with Ctrl-C.")
    sys.stdout.flush()


def _keep_password(path: Path, password: str) -> None:
    path.touch(mode=0o600)
    path.write_text(password + "\n")
    typer.echo(f"First start: user admin, password {password}")
    typer.echo(f"It is kept in {path}; delete that file when you have stored the password elsewhere.")
