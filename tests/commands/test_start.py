"""What `up` does before the gate opens: schema and first user, once."""

import pytest
from sqlalchemy import func, select

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
    get_engine().dispose()

    prepare()

    assert migrations.is_current(get_engine())
