"""Schema versions: bring a database up to date, and say whether it is."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

PACKAGE = Path(__file__).parent.parent
MIGRATION_LOCK = 7_268_001  # advisory lock: two processes that start together migrate once


def scripts_folder() -> Path:
    """Return the migrations: beside the package in a wheel, at the root of a checkout."""
    bundled = PACKAGE / "migrations"
    return bundled if bundled.is_dir() else PACKAGE.parent.parent / "alembic"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()))
    return config


def upgrade(engine: Engine, *, target: str = "head") -> None:
    """Run the migrations up to `target` under an advisory lock, all in one transaction."""
    config = _config()
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def downgrade(engine: Engine, *, target: str) -> None:
    """Undo migrations down to `target`."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


def is_current(engine: Engine) -> bool:
    """Say whether the database has exactly the newest schema."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == wanted
