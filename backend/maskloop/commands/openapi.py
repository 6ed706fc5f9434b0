"""Write the description of the API to a file: `python -m maskloop.commands.openapi docs/openapi.json`."""

import sys
from pathlib import Path

import orjson

from maskloop.main import create_app


def document() -> bytes:
    """Return the description as it is committed: sorted, so that a change shows as a small difference."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(create_app().openapi(), option=options)


def main() -> None:
    """Write the file that the first argument names."""
    Path(sys.argv[1]).write_bytes(document())


if __name__ == "__main__":
    main()
