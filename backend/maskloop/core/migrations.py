"""Schema versions: bring a database up to date, and say whether it is."""

from typing import TYPE_CHECKING

from sqlalchemy import Engine, text

from maskloop.core.schema_version import newest, scripts_folder

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATION_LOCK = 7_268_001  # advisory lock: two processes that start together migrate once


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts_folder()))
    return config


def upgrade(engine: Engine, *, target: str = "head") -> None:
    """Run the migrations up to `target` under an advisory lock, all in one transaction."""
    from alembic import command

    config = _config()
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def downgrade(engine: Engine, *, target: str) -> None:
    """Undo migrations down to `target`."""
    from alembic import command

    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


def is_current(engine: Engine) -> bool:
    """Say whether the database has exactly the newest schema."""
    with engine.connect() as connection:
        if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
            return False
        return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars()) == [newest()]
