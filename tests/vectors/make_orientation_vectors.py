"""Writes orientations.json: how a slice lies on the screen, for every way a file can store it.

`python -m tests.vectors.make_orientation_vectors`. The answers come from a table of letters, not from the code that is
tested: each screen direction of a plane has a letter, and the index that grows towards that letter's axis runs there.
"""

import json
from itertools import permutations, product
from pathlib import Path

import numpy as np

OPPOSITE = {"L": "R", "R": "L", "P": "A", "A": "P", "S": "I", "I": "S"}
UNIT = {"L": (1, 0, 0), "P": (0, 1, 0), "S": (0, 0, 1), "R": (-1, 0, 0), "A": (0, -1, 0), "I": (0, 0, -1)}
PLANE = {"S": "axial", "P": "coronal", "L": "sagittal"}
READING = {"axial": ("L", "P"), "coronal": ("L", "I"), "sagittal": ("P", "I")}  # screen right, screen down
SPACING = (0.5, 0.75, 3.0)
TILT = np.radians(20)


def axis_of(letter: str) -> str:
    """Return L, P or S: the axis of a letter."""
    return letter if letter in PLANE else OPPOSITE[letter]


def vector(code: str, affine: np.ndarray, name: str) -> dict[str, object]:
    """Return the case of a code like "LPS": where i, j and k grow."""
    plane = PLANE[axis_of(code[2])]
    ways = []
    for wanted in READING[plane]:
        index = next(n for n in (0, 1) if axis_of(code[n]) == axis_of(wanted))
        ways.append({"axis": "ij"[index], "sign": 1 if code[index] == wanted else -1})
    right, down = ways
    return {"name": name, "affine": affine.tolist(), "plane": plane, "right": right, "down": down}


def straight(code: str) -> np.ndarray:
    """Return an affine along the patient's axes."""
    affine = np.eye(4)
    for column in range(3):
        affine[:3, column] = np.array(UNIT[code[column]]) * SPACING[column]
    affine[:3, 3] = (-40.0, -60.0, 100.0)
    return affine


def turned(affine: np.ndarray, axis: int) -> np.ndarray:
    """Return it turned by 20 degrees about a patient axis."""
    a, b = (n for n in range(3) if n != axis)
    turn = np.eye(4)
    turn[[a, b], [a, b]] = np.cos(TILT)
    turn[a, b], turn[b, a] = -np.sin(TILT), np.sin(TILT)
    return turn @ affine


def cases() -> list[dict[str, object]]:
    """Return the 48 ways along the axes, oblique ones, and a sheared one."""
    found = []
    for order in permutations("LPS"):
        for flips in product((False, True), repeat=3):
            code = "".join(OPPOSITE[axis] if flip else axis for axis, flip in zip(order, flips, strict=True))
            found.append(vector(code, straight(code), code))
    for axis, code in product(range(3), ("LPS", "RAS", "PIL", "LIP")):
        found.append(vector(code, turned(straight(code), axis), f"{code} turned about {'LPS'[axis]}"))
    gantry = straight("LPS")
    gantry[:3, 1] = np.array([0, np.cos(TILT), -np.sin(TILT)]) * SPACING[1]
    return [*found, vector("LPS", gantry, "LPS with a tilted gantry")]


if __name__ == "__main__":
    path = Path(__file__).parent / "orientations.json"
    lines = ",\n".join(json.dumps(case) for case in cases())
    path.write_text(f"[\n{lines}\n]\n")
