"""Writes the golden vectors of the label codecs with a plain, slow version of them, one number at a time.

Run it by hand, from this folder, when a format gets a new version; the files are reviewed like code.
"""

import base64
import json
import math
import random
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent
Run = tuple[int, int, int, int]  # start, length, before, after


def varint(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


def pack_tile(values: list[int]) -> bytes:
    lengths, numbers = [], []
    for value in values:
        if numbers and numbers[-1] == value:
            lengths[-1] += 1
        else:
            lengths.append(1)
            numbers.append(value)
    return b"\x01" + b"".join(varint(value) for value in [len(lengths), *lengths, *numbers])


def pack_patch(runs: list[Run]) -> bytes:
    gaps, end = [], 0
    for start, length, _, _ in runs:
        gaps.append(start - end)
        end = start + length
    columns = [*gaps, *(run[1] for run in runs), *(run[2] for run in runs), *(run[3] for run in runs)]
    return b"\x01" + b"".join(varint(value) for value in [len(runs), *columns])


def position(layer: int, k: int, tj: int, ti: int) -> int:
    return layer << 54 | k << 30 | tj << 15 | ti


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def values_text(values: list[int]) -> str:
    return text(b"".join(value.to_bytes(2, "little") for value in values))


def disc(width: int, height: int, radius: float, number: int) -> list[int]:
    return [
        number if math.hypot(i - width / 2, j - height / 2) < radius else 0 for j in range(height) for i in range(width)
    ]


def label_tiles() -> list[dict[str, object]]:
    chance = random.Random(7)
    cells = [chance.choice([0, 0, 0, 1, 300, 65535]) for _ in range(40 * 24)]
    named = {
        "empty tile": (256, 256, [0] * 65536),
        "one number everywhere": (256, 256, [1] * 65536),
        "one voxel": (1, 1, [65535]),
        "one voxel of background": (1, 1, [0]),
        "disc of radius 20": (256, 256, disc(256, 256, 20, 3)),
        "cut at the right and lower edge": (24, 44, disc(24, 44, 11, 128)),
        "one row": (256, 1, [index // 16 for index in range(256)]),
        "checkerboard": (16, 16, [(i + j) % 2 for j in range(16) for i in range(16)]),
        "numbers of one, two and three bytes": (8, 1, [1, 127, 128, 129, 16383, 16384, 16385, 65535]),
        "random": (40, 24, cells),
        "every voxel another number": (256, 64, [index * 4 + 1 for index in range(16384)]),
    }
    return [
        {
            "name": name,
            "width": width,
            "height": height,
            "values": values_text(values),
            "raw": text(pack_tile(values)),
            "bytes": text(zlib.compress(pack_tile(values), 1)),
        }
        for name, (width, height, values) in named.items()
    ]


def disc_runs(radius: int, before: int, after: int) -> list[Run]:
    rows = []
    for j in range(-radius, radius + 1):
        half = int(math.sqrt(radius * radius - j * j))
        rows.append(((128 + j) * 256 + 128 - half, 2 * half + 1, before, after))
    return rows


def patches() -> list[dict[str, object]]:
    named: dict[str, tuple[int, int, list[Run]]] = {
        "nothing": (256, 256, []),
        "one voxel": (256, 256, [(0, 1, 0, 1)]),
        "the last voxel": (256, 256, [(65535, 1, 65535, 0)]),
        "the whole tile": (256, 256, [(0, 65536, 0, 9)]),
        "disc of radius 20": (256, 256, disc_runs(20, 0, 2)),
        "touching runs with other numbers": (256, 256, [(100, 5, 0, 1), (105, 5, 2, 1), (110, 5, 2, 3)]),
        "a run that asserts nothing": (256, 256, [(7, 3, 4, 4), (20, 2, 4, 5)]),
        "wide numbers": (24, 44, [(3, 200, 300, 40000), (900, 156, 65535, 128)]),
    }
    return [
        {
            "name": name,
            "width": width,
            "height": height,
            "runs": [list(run) for run in runs],
            "raw": text(pack_patch(runs)),
            "bytes": text(zlib.compress(pack_patch(runs), 1)),
        }
        for name, (width, height, runs) in named.items()
    ]


def stroke(header: dict[str, object], parts: dict[int, list[Run]]) -> bytes:
    head = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    body = b"\x01" + varint(len(head)) + head + varint(len(parts))
    for pos, runs in parts.items():
        patch = zlib.compress(pack_patch(runs), 1)
        body += pos.to_bytes(8, "little") + varint(len(patch)) + patch
    return body


def strokes() -> list[dict[str, object]]:
    brush = {"tool": "brush", "active_ms": 1840}
    named: dict[str, tuple[list[int], dict[str, object], dict[int, list[Run]]]] = {
        "one tile": ([4, 300, 280], brush, {position(0, 2, 0, 0): disc_runs(20, 0, 1)}),
        "four tiles, two of them cut": (
            [4, 300, 280],
            {**brush, "message": "Ränder geglättet"},
            {
                position(0, 3, 0, 0): [(65535, 1, 0, 1)],
                position(0, 3, 0, 1): [(6120, 24, 0, 1)],
                position(0, 3, 1, 0): [(0, 256, 0, 1)],
                position(0, 3, 1, 1): [(0, 24, 0, 1), (24, 1, 5, 1)],
            },
        ),
        "two layers": (
            [300, 512, 512],
            brush,
            {position(0, 299, 1, 1): [(10, 4, 3, 0)], position(511, 299, 1, 1): [(10, 4, 0, 40000)]},
        ),
        "an undo": ([4, 300, 280], {**brush, "undoes": "0192f6a0-5b1e-7c3a-9a57-3f6b1c2d4e5f"}, {}),
        "fields of segments": (
            [4, 300, 280],
            {
                "tool": "segments",
                "active_ms": 0,
                "segments": [
                    {"number": 3, "field": "name", "before": None, "after": "Nierenrinde"},
                    {"number": 3, "field": "color", "before": "#ea9e51", "after": "#45c4c6"},
                ],
            },
            {},
        ),
    }
    return [
        {
            "name": name,
            "shape": shape,
            "header": header,
            "patches": [
                {
                    "pos": str(pos),
                    "layer": pos >> 54,
                    "k": pos >> 30 & 0xFFFFFF,
                    "tj": pos >> 15 & 0x7FFF,
                    "ti": pos & 0x7FFF,
                    "runs": [list(run) for run in runs],
                    "bytes": text(zlib.compress(pack_patch(runs), 1)),
                }
                for pos, runs in parts.items()
            ],
            "bytes": text(stroke(header, parts)),
        }
        for name, (shape, header, parts) in named.items()
    ]


def tiles() -> list[dict[str, object]]:
    values = {position(0, 1, 0, 0): disc(256, 256, 9, 7), position(0, 3, 1, 1): disc(24, 44, 9, 300)}
    seqs = {position(0, 1, 0, 0): 12, position(0, 3, 1, 1): 1000}
    body = b"\x01" + varint(1000) + varint(2)
    for pos, voxels in values.items():
        tile = zlib.compress(pack_tile(voxels), 1)
        body += pos.to_bytes(8, "little") + varint(seqs[pos]) + varint(len(tile)) + tile
    listed = [{"pos": str(pos), "seq": seqs[pos], "values": values_text(values[pos])} for pos in values]
    return [
        {"name": "no tile", "shape": [4, 300, 280], "seq": 0, "tiles": [], "bytes": text(b"\x01\x00\x00")},
        {"name": "two tiles", "shape": [4, 300, 280], "seq": 1000, "tiles": listed, "bytes": text(body)},
    ]


def bad_bytes() -> list[dict[str, object]]:
    """What each decoder must refuse, for a tile of 4 x 4 voxels."""
    raw = {
        "tile": {
            "another version": b"\x02\x01\x10\x00",
            "no run": b"\x01\x00",
            "too few voxels": b"\x01\x01\x0f\x00",
            "too many voxels": b"\x01\x01\x11\x00",
            "an empty run": b"\x01\x02\x00\x10\x00\x00",
            "a number beyond 65535": b"\x01\x01\x10\x80\x80\x04",
            "a number beyond 32 bits": b"\x01\x01\x10\xff\xff\xff\xff\x1f",
            "a varint of six bytes": b"\x01\x01\x10\x80\x80\x80\x80\x80\x00",
            "cut inside a number": b"\x01\x01\x10\x80",
            "fewer numbers than runs": b"\x01\x02\x08\x08\x01",
            "bytes left over": b"\x01\x01\x10\x00\x00",
            "inflates beyond its size": b"\x01\x01\x10\x00" + bytes(4096),
            "nothing": b"",
        },
        "patch": {
            "another version": b"\x02\x00",
            "an empty run": b"\x01\x01\x00\x00\x00\x01",
            "beyond the tile": b"\x01\x01\x0f\x02\x00\x01",
            "a gap beyond the tile": b"\x01\x01\xff\xff\xff\xff\x0f\x01\x00\x01",
            "a number beyond 65535": b"\x01\x01\x00\x01\x00\x80\x80\x04",
            "fewer numbers than runs": b"\x01\x02\x00\x01\x01\x01\x00\x00\x01",
            "bytes left over": b"\x01\x00\x00",
            "inflates beyond its size": b"\x01\x00" + bytes(4096),
        },
    }
    bad = [
        {"kind": kind, "name": name, "bytes": text(zlib.compress(content, 1))}
        for kind, cases in raw.items()
        for name, content in cases.items()
    ]
    whole = zlib.compress(b"\x01\x01\x10\x00", 1)
    damaged = {
        "cut off": whole[:-1],
        "a wrong checksum": whole[:-1] + bytes([whole[-1] ^ 1]),
        "bytes after its end": whole + b"\x00",
        "no zlib stream": b"\x01\x01\x10\x00",
        "no byte": b"",
    }
    return [*bad, *({"kind": "tile", "name": name, "bytes": text(content)} for name, content in damaged.items())]


def main() -> None:
    files = {
        "label-tiles": label_tiles(),
        "patches": patches(),
        "strokes": strokes(),
        "tiles": tiles(),
        "bad-label-bytes": bad_bytes(),
    }
    for name, vectors in files.items():
        content = json.dumps(vectors, indent=1, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.json").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
