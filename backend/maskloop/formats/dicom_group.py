"""Frames of a series to images, pure: one image per voxel grid, time, b-value and echo."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from maskloop.formats.dicom_frames import Frame
from maskloop.formats.dicom_stack import Stack, normal_of, place_stack, same_place_counts

ORIENTATION_TOLERANCE: Final = 2e-4  # 0.05 mm at the edge of a 250 mm field
SPACING_TOLERANCE: Final = 1e-4
STACKED_WITHOUT_PLACE: Final = ("CT", "MR", "PT", "NM")


@dataclass(frozen=True)
class FrameGroup:
    """The frames of one image in the order of k; None where a slice of the grid is missing."""

    frames: tuple[Frame | None, ...]
    stack: Stack
    label: str = ""  # what tells this image from others of the series: "echo 2", "b 1000"
    notes: tuple[str, ...] = ()


def group_frames(frames: Iterable[Frame]) -> list[FrameGroup]:
    """Return the images that a set of frames makes.

    Parameters
    ----------
    frames : iterable of Frame
        Of one or many series, in any order.

    Returns
    -------
    list of FrameGroup
        Each with frames on one grid: one series, size, type, orientation and spacing; one time, b-value and echo;
        sorted along the normal, evenly spaced. Frames without a place make images without one.

    Notes
    -----
    Positions decide, never instance numbers: PS3.3 C.7.6.2.1.1. A constant shear (gantry tilt) is one grid.
    """
    groups: list[FrameGroup] = []
    for alike in _partition(frames, lambda frame: (frame.series, frame.signature)):
        for plane in _by_plane([frame for frame in alike if _is_placed(frame)]):
            groups += _stacks_of_plane(plane)
        groups += _without_place([frame for frame in alike if not _is_placed(frame)])
    return groups


def _is_placed(frame: Frame) -> bool:
    return None not in (frame.position, frame.orientation, frame.pixel_spacing)


def _partition(frames: Iterable[Frame], key: Callable[[Frame], Hashable]) -> list[list[Frame]]:
    parts: dict[Hashable, list[Frame]] = {}
    for frame in frames:
        parts.setdefault(key(frame), []).append(frame)
    return list(parts.values())


def _by_plane(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames whose orientation and pixel spacing agree within rounding."""
    planes: list[tuple[Frame, list[Frame]]] = []
    for alike in _partition(frames, lambda frame: (frame.orientation, frame.pixel_spacing)):
        members = next((members for first, members in planes if _is_same_plane(first, alike[0])), None)
        if members is None:
            planes.append((alike[0], alike))
        else:
            members += alike
    return [members for _, members in planes]


def _is_same_plane(first: Frame, second: Frame) -> bool:
    if None in (first.orientation, second.orientation, first.pixel_spacing, second.pixel_spacing):
        return False
    orientations = np.array([first.orientation, second.orientation], dtype=np.float64)
    spacings = np.array([first.pixel_spacing, second.pixel_spacing], dtype=np.float64)
    return bool(
        np.abs(orientations[0] - orientations[1]).max() <= ORIENTATION_TOLERANCE
        and np.allclose(spacings[0], spacings[1], rtol=SPACING_TOLERANCE, atol=0)
    )


def _stacks_of_plane(frames: list[Frame]) -> list[FrameGroup]:
    groups: list[FrameGroup] = []
    for label, part in _by_contrast(frames):
        for own_label, notes, distinct in _without_doubles(part):
            whole = " ".join(word for word in (label, own_label) if word)
            for stacked, stack in place_stack(distinct):
                groups.append(FrameGroup(stacked, stack, whole, tuple(dict.fromkeys((*notes, *_own_notes(stacked))))))
    return groups


def _own_notes(frames: Iterable[Frame | None]) -> list[str]:
    return list(dict.fromkeys(note for frame in frames if frame is not None for note in frame.notes))


def _by_contrast(frames: list[Frame]) -> list[tuple[str, list[Frame]]]:
    """Apart by time, b-value and echo; left together where that would leave single slices of one even stack."""
    parts = _partition(frames, lambda frame: (frame.time, frame.b_value, frame.echo))
    if len(parts) == 1 or (len(parts) == len(frames) and max(same_place_counts(frames)) == 1):
        return [("", frames)]
    varying = [name for name in ("time", "b_value", "echo") if len({getattr(frame, name) for frame in frames}) > 1]
    parts.sort(key=lambda part: tuple(_sortable(getattr(part[0], name)) for name in varying))
    words = {"time": "time", "b_value": "b", "echo": "echo"}
    labels = [" ".join(f"{words[name]} {_plain(getattr(part[0], name))}" for name in varying) for part in parts]
    return list(zip(labels, parts, strict=True))


def _sortable(value: float | None) -> float:
    return float("-inf") if value is None else value


def _plain(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _without_doubles(frames: list[Frame]) -> list[tuple[str, tuple[str, ...], list[Frame]]]:
    """Sets in which no two frames lie at one place, with a label and notes."""
    counts = same_place_counts(frames)
    if max(counts) == 1:
        return [("", (), frames)]
    names = list(dict.fromkeys(name for frame in frames for name, _ in frame.tie_breakers))
    for chosen in [*[[name] for name in names], names]:
        parts = _partition(frames, partial(_tie_values, chosen))
        if len(parts) > 1 and all(max(same_place_counts(part)) == 1 for part in parts):
            word = chosen[0] if len(chosen) == 1 else "part"
            return [(f"{word} {n}", (), part) for n, part in enumerate(parts, start=1)]
    return _by_order(frames, even=len(set(counts)) == 1)


def _tie_values(names: Sequence[str], frame: Frame) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in frame.tie_breakers if pair[0] in names)


def _by_order(frames: list[Frame], *, even: bool) -> list[tuple[str, tuple[str, ...], list[Frame]]]:
    """The n-th frame at each place makes the n-th image: nothing in the header tells them apart."""
    normal = normal_of(frames[0])
    seen: dict[int, int] = {}
    parts: dict[int, list[Frame]] = {}
    for frame in sorted(frames, key=lambda frame: (frame.number, frame.instance, frame.index)):
        place = round(float(normal @ np.array(frame.position)) / 0.01)
        rank = seen[place] = seen.get(place, 0) + 1
        parts.setdefault(rank, []).append(frame)
    if even:
        note = f"{len(parts)} slices lie at each place. They were told apart by their order"
    else:
        doubled = sum(len(part) for rank, part in parts.items() if rank > 1)
        note = f"{doubled} slices lie at a place that is taken. They make an image of their own"
    return [(f"part {rank}", (note,), part) for rank, part in parts.items()]


def _without_place(frames: list[Frame]) -> list[FrameGroup]:
    """Frames without a position: a stack per instance; slices of one CT, MR, PT or NM series together by number."""
    if not frames:
        return []
    ordered = sorted(frames, key=lambda frame: (frame.number, frame.instance, frame.index))
    if frames[0].signature[0] in STACKED_WITHOUT_PLACE:
        spread = _partition(ordered, lambda frame: frame.pixel_spacing)
    else:
        spread = _partition(ordered, lambda frame: frame.instance)
    groups: list[FrameGroup] = []
    for part in spread:
        notes = _own_notes(part)
        in_patient = part[0].signature[0] in STACKED_WITHOUT_PLACE
        if len(part) > 1 and in_patient and not notes:
            notes.append("The slices have no position in the patient, so there is no physical size along the stack")
        elif part[0].signature[0] in ("CT", "MR") and not notes:
            notes.append("The slice has no position in the patient")
        spacing = part[0].pixel_spacing if len(part) == 1 else None
        size = None if spacing is None else (spacing[1], spacing[0], 1.0)
        stack = Stack(affine=None, spacing=size, spacing_source=part[0].spacing_source if size else None)
        groups.append(FrameGroup(tuple(part), stack, notes=tuple(notes)))
    return groups
