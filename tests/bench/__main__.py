"""`python -m tests.bench [WORD ...]`: prints one table and writes one JSON, bench-out/bench.json.

Runs every `bench_*.py` here, or those whose names hold a word. Such a module has `measure()`, which yields `Row`s as
they are ready. Rows of modules that were not run stay in the JSON.
"""

import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench.rows import Row

HERE = Path(__file__).parent
OUTPUT = HERE.parent.parent / "bench-out" / "bench.json"
LINE = "{name:<62} {ours:>9} {unit:<9} {peer:>8} {ratio:>6}  {target:<26} {spread}\n"


def main(words: list[str]) -> int:
    """Measure and write; exit 1 if a module failed, after the others have run."""
    names = sorted(path.stem for path in HERE.glob("bench_*.py"))
    chosen = [name for name in names if not words or any(word in name for word in words)]
    rows: list[dict[str, object]] = []
    failed = 0
    columns = ("name", "ours", "unit", "peer", "ratio", "target", "spread")
    sys.stdout.write(LINE.format(**{name: "what" if name == "name" else name for name in columns}))
    for name in chosen:
        try:
            for row in importlib.import_module(f"tests.bench.{name}").measure():
                rows.append({"bench": name, **row.as_json()})
                sys.stdout.write(_line(row))
                sys.stdout.flush()
        except Exception as error:  # noqa: BLE001 - the other benches still run
            failed += 1
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
    OUTPUT.parent.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}
    kept = [row for row in _rows_before() if row["bench"] not in chosen]
    rows = sorted(kept + rows, key=lambda row: str(row["bench"]))
    OUTPUT.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")
    return 1 if failed else 0


def _line(row: Row) -> str:
    peer, ratio = ("" if figure is None else f"{figure:,.3g}" for figure in (row.peer, row.ratio))
    ours = f"{row.ours:,.4g}"
    return LINE.format(**asdict(row) | {"ours": ours, "peer": peer, "ratio": ratio, "target": row.target})


def _rows_before() -> list[dict[str, object]]:
    return json.loads(OUTPUT.read_text())["rows"] if OUTPUT.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
