"""What `up` does before the gate opens: schema and first user, once."""

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from maskloop.cli import app
from maskloop.commands.start import PASSWORD_FILE, prepare
from maskloop.core import migrations
from maskloop.core.db import get_engine, session_scope
from maskloop.users.tables import User


@pytest.fixture
def folder(settings):
    settings.data_dir.mkdir(parents=True)
    return settings.data_dir


def test_the_first_start_makes_admin_and_the_second_one_nothing(folder, capsys):
    prepare()
    first = capsys.readouterr().out
    prepare()

    with session_scope() as session:
        assert session.scalars(select(func.count()).select_from(User)).one() == 1
    assert (folder / PASSWORD_FILE).read_text().strip() in first
    assert capsys.readouterr().out == ""


def test_an_older_schema_is_brought_up_to_date(folder):
    prepare()
    migrations.downgrade(get_engine(), target="-1")

    prepare()

    assert migrations.is_current(get_engine())


def test_migrate_makes_admin_with_the_password_of_the_settings_only(folder, monkeypatch):
    without = CliRunner().invoke(app, ["migrate"])
    users = list_logins()
    monkeypatch.setenv("MASKLOOP_ADMIN_PASSWORD", "a long enough one")

    given = [CliRunner().invoke(app, ["migrate"]) for _ in range(2)]

    assert (users, list_logins()) == ([], ["admin"])
    assert [result.exit_code for result in (without, *given)] == [0, 0, 0]
    assert not (folder / PASSWORD_FILE).exists()


def list_logins():
    with session_scope() as session:
        return list(session.scalars(select(User.login)))
