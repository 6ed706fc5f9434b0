"""The newest schema version, known without a library: importing Alembic takes longer than asking the database."""

import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent
STEP = re.compile(r"(\d{4})_\w+\.py")


def scripts_folder() -> Path:
    """Return the migrations: beside the package in a wheel, at the root of a checkout."""
    bundled = PACKAGE / "migrations"
    return bundled if bundled.is_dir() else PACKAGE.parent.parent / "alembic"


@cache
def newest() -> str:
    """Return the newest schema version: steps are numbered, and each follows the one before."""
    return max(found[1] for path in (scripts_folder() / "versions").iterdir() if (found := STEP.fullmatch(path.name)))
