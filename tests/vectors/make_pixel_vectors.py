"""Makes tests/vectors/pz1.json: run as `python tests/vectors/make_pixel_vectors.py` when the codec changes on purpose.

The bytes are made here by a plain slow encoder that follows the notes word by word, not by the product's.
"""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TARGET = Path(__file__).parent / "pz1.json"


def predict(plane: list[list[int]], modulus: int) -> list[int]:
    """Each value minus left, minus above, plus above-left, row by row."""
    residual: list[int] = []
    for y, row in enumerate(plane):
        for x, value in enumerate(row):
            left = row[x - 1] if x else 0
            above = plane[y - 1][x] if y else 0
            corner = plane[y - 1][x - 1] if x and y else 0
            residual.append((value - above - left + corner) % modulus)
    return residual


def planes_of(tile: NDArray[np.number]) -> bytes:
    """The bytes that go into the zlib stream."""
    if tile.ndim == 3:
        red, green, blue = (tile[:, :, channel].astype(int) for channel in range(3))
        parts = (green, (red - green) % 256, (blue - green) % 256)
        return b"".join(bytes(predict(part.tolist(), 256)) for part in parts)
    if tile.dtype == np.uint8:
        return bytes(predict(tile.tolist(), 256))
    if tile.dtype == np.float32:
        octets = tile.astype("<f4").tobytes()
        return b"".join(octets[plane::4] for plane in range(4))
    zigzagged = [
        ((signed << 1) ^ (signed >> 15)) & 0xFFFF
        for signed in (d - 65536 if d > 32767 else d for d in predict(tile.astype(int).tolist(), 65536))
    ]
    return bytes(value & 0xFF for value in zigzagged) + bytes(value >> 8 for value in zigzagged)


def tiles() -> dict[str, NDArray[np.number]]:
    """Small tiles with the corners of each type: extremes, one voxel, one row, one column, ramps, noise."""
    rng = np.random.default_rng(20)
    ramp = np.add.outer(np.arange(7) * 40, np.arange(5) * 3)
    return {
        "int16 one voxel": np.array([[-1024]], dtype=np.int16),
        "int16 extremes": np.array([[-32768, 32767, -32768], [32767, -32768, 32767]], dtype=np.int16),
        "int16 ramp": (ramp - 1024).astype(np.int16),
        "int16 noise": rng.integers(-32768, 32768, (9, 11), dtype=np.int16),
        "uint16 extremes": np.array([[0, 65535], [65535, 0], [32768, 32767]], dtype=np.uint16),
        "uint16 one row": rng.integers(0, 65536, (1, 17), dtype=np.uint16),
        "uint16 one column": rng.integers(0, 65536, (17, 1), dtype=np.uint16),
        "uint8 extremes": np.array([[0, 255, 0], [255, 0, 128]], dtype=np.uint8),
        "uint8 noise": rng.integers(0, 256, (6, 13), dtype=np.uint8),
        "RGB extremes": np.array([[[0, 255, 0], [255, 0, 255]], [[1, 2, 3], [128, 127, 129]]], dtype=np.uint8),
        "RGB noise": rng.integers(0, 256, (5, 4, 3), dtype=np.uint8),
        "float32 values": np.array([[0.0, -1.5, 3.4e38], [1e-40, 2.0**-149, 65504.25]], dtype=np.float32),
        "float32 noise": rng.normal(0, 1000, (3, 8)).astype(np.float32),
    }


def main() -> None:
    """Write the file."""
    vectors = [
        {
            "name": name,
            "dtype": str(tile.dtype),
            "width": tile.shape[1],
            "height": tile.shape[0],
            "channels": 3 if tile.ndim == 3 else 1,
            "values": base64.b64encode(tile.astype(tile.dtype.newbyteorder("<")).tobytes()).decode(),
            "bytes": base64.b64encode(zlib.compress(planes_of(tile), 1)).decode(),
        }
        for name, tile in tiles().items()
    ]
    TARGET.write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
