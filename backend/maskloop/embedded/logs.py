"""What a program of others wrote to its log, in one sentence."""

import re
from pathlib import Path

TELLING = re.compile(r"(?:FATAL|PANIC|ERROR|error|failed)\b.*|.*(?:could not|can't|[Cc]annot|No space left).*")
PREFIX = re.compile(r"^(?:initdb: )?(?:FATAL|PANIC|ERROR|error): *")


def size_of(log: Path) -> int:
    """Return where the next line of a log will be."""
    return log.stat().st_size if log.exists() else 0


def reason_in(log: Path, *, since: int = 0) -> str:
    """Return the last line since a place that says what went wrong, else the last line, else that there is none."""
    if not log.exists():
        return "it wrote no log"
    with log.open("rb") as source:
        source.seek(since)
        lines = [line for line in source.read().decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        return "it wrote nothing to its log"
    telling = [found[0] for line in lines if (found := TELLING.search(line))]
    return PREFIX.sub("", (telling or lines)[-1].strip())
