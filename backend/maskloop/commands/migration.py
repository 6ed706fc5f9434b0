"""Write an empty schema step to fill in: `python -m maskloop.commands.migration "add a column"`."""

import re
import sys
from pathlib import Path

from maskloop.core.schema_version import STEP, scripts_folder

VERSIONS = scripts_folder() / "versions"
TEMPLATE = '''"""{sentence}"""

import sqlalchemy as sa  # noqa: F401 - for what is written below
from alembic import op  # noqa: F401 - for what is written below

revision = "{number}"
down_revision = {before}
branch_labels = None
depends_on = None


def upgrade() -> None:
    raise NotImplementedError("write step {number}")


def downgrade() -> None:
    raise NotImplementedError("write step {number}")
'''


def write_step(message: str, versions: Path = VERSIONS) -> Path:
    """Write the next-numbered step and return its path. Raises ValueError for a message without a word."""
    name = "_".join(re.findall(r"[a-z0-9]+", message.lower()))[:60]
    if not name:
        raise ValueError("Say what the step changes, in a few words.")
    numbers = sorted(match[1] for path in versions.glob("*.py") if (match := STEP.fullmatch(path.name)))
    number = f"{int(numbers[-1]) + 1 if numbers else 1:04d}"
    sentence = message.strip().rstrip(".").replace("\\", "/").replace('"', "'")
    before = f'"{numbers[-1]}"' if numbers else "None"
    path = versions / f"{number}_{name}.py"
    with path.open("x") as target:
        target.write(TEMPLATE.format(sentence=f"{sentence[0].upper()}{sentence[1:]}.", number=number, before=before))
    return path


def main() -> int:
    """Write the step that the arguments describe, and print where it is."""
    try:
        path = write_step(" ".join(sys.argv[1:]))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
