"""Files of at most 500 lines and functions of at most 60; tables of data are exempt. Exit 1 names what is longer."""

import ast
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
MAX_FILE = 500
MAX_FUNCTION = 60


def too_long(path: Path) -> list[str]:
    """Return one line for each size that `path` exceeds."""
    source = path.read_text()
    name = path.relative_to(REPOSITORY)
    found = [f"{name}: {count} lines, at most {MAX_FILE}"] if (count := source.count("\n")) > MAX_FILE else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION:
                found.append(f"{name}:{node.lineno}: {node.name} has {length} lines, at most {MAX_FUNCTION}")
    return found


def main() -> int:
    """Check every Python file of ours; migrations are generated tables of columns."""
    paths = [path for folder in ("backend", "tests") for path in sorted((REPOSITORY / folder).rglob("*.py"))]
    found = [line for path in paths for line in too_long(path)]
    summary = f"{len(paths)} files within {MAX_FILE} lines, functions within {MAX_FUNCTION}"
    sys.stdout.write("\n".join(found or [summary]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
