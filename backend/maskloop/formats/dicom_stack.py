"""One stack of parallel slices: even spacing, gaps, tilt, and the affine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from maskloop.formats.dicom_frames import Frame
from maskloop.formats.limits import NARROW_SPACE
from maskloop.imaging.affine import affine_from_plane, is_sheared, spacing_of, tilt_deg
from maskloop.imaging.errors import GeometryError
from maskloop.imaging.orientation import plane_name

SAME_PLACE_MM: Final = 0.01
EVEN_SHARE: Final = 0.03  # slices may lie so far, in steps, from an even grid
EXACT_MM: Final = 0.01
MAX_GAP_SLICES: Final = 5
ALONG: Final = {"axial": (2, "z"), "coronal": (1, "y"), "sagittal": (0, "x")}


@dataclass(frozen=True)
class Stack:
    """The grid of an image: affine (LPS mm) or none, spacing (i, j, k) or none, and what is to be said about it."""

    affine: NDArray[np.float64] | None
    spacing: tuple[float, float, float] | None
    spacing_source: str | None
    partial: bool = False
    notes: tuple[str, ...] = ()  # what a reader should know
    facts: tuple[str, ...] = ()  # what is right as it is: even spacing, a tilt


def normal_of(frame: Frame) -> NDArray[np.float64]:
    """Return the direction in which slices are stacked: row direction x column direction."""
    orientation = np.array(frame.orientation, dtype=np.float64)
    return np.cross(orientation[:3], orientation[3:])


def same_place_counts(frames: Sequence[Frame]) -> list[int]:
    """Return how many frames lie at each place along the normal."""
    along = np.sort(_along_normal(frames))
    starts = np.flatnonzero(np.diff(along, prepend=-np.inf) > SAME_PLACE_MM)
    return [int(count) for count in np.diff(np.append(starts, len(along)))]


def place_stack(frames: Sequence[Frame]) -> list[tuple[tuple[Frame | None, ...], Stack]]:
    """Return the evenly spaced stacks that parallel frames at distinct places make.

    Parameters
    ----------
    frames : sequence of Frame
        One orientation, pixel spacing and size; no two at one place.

    Returns
    -------
    list of (frames, Stack)
        The frames by rising place along the normal, None for a slice that is missing in a small gap. More than one
        stack where the spacing changes or a gap is large; one without physical size where it is uneven throughout.
    """
    order = np.argsort(_along_normal(frames), kind="stable")
    ordered = [frames[index] for index in order]
    if len(ordered) == 1:
        return [(tuple(ordered), _single(ordered[0]))]
    runs = _even_runs(ordered)
    if len(runs) > max(3, len(ordered) // 4):
        note = "The slices are unevenly spaced. Imported without physical size: no lengths and volumes are shown"
        return [(tuple(ordered), Stack(None, None, None, notes=(note,)))]
    stacks = [_stack(run) for run in runs]
    if len(runs) > 1:
        note = f"The spacing changes or breaks within the series, so it makes {len(runs)} images"
        stacks = [(members, replace(stack, partial=True, notes=(note, *stack.notes))) for members, stack in stacks]
    return stacks


def _along_normal(frames: Sequence[Frame]) -> NDArray[np.float64]:
    positions = np.array([frame.position for frame in frames], dtype=np.float64)
    return positions @ normal_of(frames[0])


def _even_runs(frames: Sequence[Frame]) -> list[list[Frame | None]]:
    """Cut sorted frames where the step changes; fill small gaps that fit the step with None."""
    positions = np.array([frame.position for frame in frames], dtype=np.float64)
    steps = np.diff(positions, axis=0)
    lengths = np.linalg.norm(steps, axis=1)
    base = steps[int(np.argsort(lengths, kind="stable")[(len(lengths) - 1) // 2])]
    times = np.round(lengths / np.linalg.norm(base)).astype(int)
    off = np.linalg.norm(steps - times[:, None] * base, axis=1) / np.linalg.norm(base)
    fits = (off <= EVEN_SHARE * np.maximum(times, 1)) & (times >= 1) & (times <= MAX_GAP_SLICES + 1)
    gaps = int((times[fits] > 1).sum())
    if fits.all() and gaps <= max(1, len(frames) // 10):
        run: list[Frame | None] = [frames[0]]
        for frame, count in zip(frames[1:], times, strict=True):
            run += [None] * (int(count) - 1)
            run.append(frame)
        return [run]
    return _cut_where_steps_change(frames, steps)


def _cut_where_steps_change(frames: Sequence[Frame], steps: NDArray[np.float64]) -> list[list[Frame | None]]:
    runs: list[list[Frame | None]] = [[frames[0]]]
    run_step: NDArray[np.float64] | None = None
    for frame, step in zip(frames[1:], steps, strict=True):
        if run_step is not None and np.linalg.norm(step - run_step) > EVEN_SHARE * np.linalg.norm(run_step):
            runs.append([frame])
            run_step = None
        else:
            runs[-1].append(frame)
            run_step = step if run_step is None else run_step
    return runs


def _stack(frames: list[Frame | None]) -> tuple[tuple[Frame | None, ...], Stack]:
    present = [(k, frame) for k, frame in enumerate(frames) if frame is not None]
    first = present[0][1]
    if len(frames) == 1:
        return tuple(frames), _single(first)
    positions = np.array([frame.position for _, frame in present], dtype=np.float64)
    step = (positions[-1] - positions[0]) / (len(frames) - 1)
    try:
        affine = affine_from_plane(
            _vector(first.position),
            _vector(first.orientation),
            pixel_spacing=_vector(first.pixel_spacing),
            slice_step=step,
        )
    except GeometryError:
        note = "The positions do not make a grid. Imported without physical size: no lengths and volumes are shown"
        return tuple(frames), Stack(None, None, None, notes=(note,))
    grid = positions[0] + np.array([k for k, _ in present])[:, None] * step
    off_mm = float(np.linalg.norm(positions - grid, axis=1).max())
    notes: list[str] = []
    if off_mm > EXACT_MM:
        notes.append(f"Slices lie up to {off_mm:.2f}{NARROW_SPACE}mm off the even grid that is shown")
    notes += _gap_notes(frames, affine)
    facts = ["Even spacing, one orientation"] if off_mm <= EXACT_MM and not notes else []
    if is_sheared(affine):
        facts.append(f"Gantry tilt {tilt_deg(affine):.1f}°: the grid is sheared and kept so")
    si, sj, sk = spacing_of(affine)
    spacing = (float(si), float(sj), float(sk))
    return tuple(frames), Stack(affine, spacing, first.spacing_source, None in frames, tuple(notes), tuple(facts))


def _vector(value: tuple[float, ...] | None) -> NDArray[np.float64]:
    if value is None:
        raise GeometryError("a placed frame has no place")
    return np.array(value, dtype=np.float64)


def _gap_notes(frames: Sequence[Frame | None], affine: NDArray[np.float64]) -> list[str]:
    axis, name = ALONG[plane_name(affine)]
    notes: list[str] = []
    k = 0
    while k < len(frames):
        if frames[k] is None:
            end = next(index for index in range(k, len(frames)) if frames[index] is not None)
            before, after = (float((affine @ (0, 0, index, 1))[axis]) for index in (k - 1, end))
            count = "One slice is" if end - k == 1 else f"{end - k} slices are"
            notes.append(
                f"{count} missing between {name} {before:.0f} and {after:.0f}{NARROW_SPACE}mm. "
                "Marked partial; the place is left empty"
            )
            k = end
        k += 1
    return notes


def _single(frame: Frame) -> Stack:
    depth = frame.step or frame.thickness
    if frame.pixel_spacing is None:
        return Stack(None, None, None)
    between_rows, between_columns = frame.pixel_spacing
    if depth is None:
        fact = "One slice without thickness: its volume is not known"
        return Stack(None, (between_columns, between_rows, 1.0), frame.spacing_source, facts=(fact,))
    affine = affine_from_plane(
        _vector(frame.position),
        _vector(frame.orientation),
        pixel_spacing=frame.pixel_spacing,
        slice_step=normal_of(frame) * depth,
    )
    return Stack(affine, (between_columns, between_rows, depth), frame.spacing_source, facts=("One slice",))
