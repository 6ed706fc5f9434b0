"""Up, down, up again, and no drift from the tables."""

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from maskloop.core import migrations
from maskloop.core.db import get_engine
from maskloop.core.schema_version import newest, scripts_folder
from maskloop.tables import metadata


def test_migrations_go_down_and_up_again(settings):
    migrations.downgrade(get_engine(), target="base")
    left = [name for name in inspect(get_engine()).get_table_names() if name != "alembic_version"]

    migrations.upgrade(get_engine())

    assert left == []
    assert migrations.is_current(get_engine())


def test_tables_have_not_drifted_from_the_migrations(settings):
    with get_engine().connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": lambda _o, name, *_: not str(name).startswith("label_tile_")}
        )

        difference = compare_metadata(context, metadata)

    assert difference == []


def test_label_tiles_are_partitioned_and_stored_uncompressed(settings):
    query = "SELECT count(*), bool_and(attstorage = 'e') FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    with get_engine().connect() as connection:
        found = connection.exec_driver_sql(
            f"{query} WHERE c.relname ~ '^label_tile_[0-9]+$' AND a.attname IN ('bytes', 'patch') AND c.relkind = 'r'"
        ).one()

    assert tuple(found) == (32, True)


def test_the_newest_step_by_its_number_is_the_head_and_each_follows_the_one_before():
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()))
    steps = list(ScriptDirectory.from_config(config).walk_revisions())

    numbers = [step.revision for step in steps]

    assert numbers[0] == newest()
    assert numbers == [f"{number:04d}" for number in range(len(steps), 0, -1)]


def test_an_older_or_empty_database_is_not_current(settings):
    engine = get_engine()
    migrations.downgrade(engine, target="-1")
    older = migrations.is_current(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")

    assert not older
    assert not migrations.is_current(engine)
