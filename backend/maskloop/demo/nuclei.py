"""A made-up field of cell nuclei under a fluorescence microscope, with the truth about it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

SIDE = 768
NUCLEI = 230
MEAN_RADIUS, RADIUS_SPREAD = 12.5, 2.2  # pixels
TOUCHING = 0.25  # share of nuclei that are put beside another
CLOSEST = 0.82  # of the sum of two radii
FULL_WELL = 52_000.0
BACKGROUND, READ_NOISE = 900.0, 60.0
PHOTONS_PER_COUNT = 0.045


@dataclass(frozen=True)
class Field:
    """`image` (rows, columns) uint16 and `labels` (rows, columns) uint16, one number per nucleus."""

    image: NDArray[np.uint16]
    labels: NDArray[np.uint16]


def nuclei_field(*, seed: int = 6) -> Field:
    """Return a fluorescence image of about 230 nuclei, some of them touching, and their labels.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Field
    """
    random = np.random.default_rng(seed)
    light = np.zeros((SIDE, SIDE), dtype=np.float32)
    labels = np.zeros((SIDE, SIDE), dtype=np.uint16)
    grain = _grain(random, 1.6) * 0.55 + _grain(random, 3.5) * 0.45
    for number, (row, column, radius) in enumerate(_places(random), start=1):
        _paint_nucleus(light, labels, grain, random, number=number, centre=(row, column), radius=radius)
    haze = 0.10 * ndimage.gaussian_filter(light, 14) + 0.03 * ndimage.gaussian_filter(light, 45)
    seen = ndimage.gaussian_filter(light, 1.1) + haze
    shade = _vignette()
    counts = BACKGROUND * (1 + 0.3 * _grain(random, 90)) + FULL_WELL * 0.62 * seen * shade
    photons = random.poisson(np.maximum(counts, 0) * PHOTONS_PER_COUNT) / PHOTONS_PER_COUNT
    noisy = photons + random.normal(0, READ_NOISE, counts.shape)
    return Field(np.clip(np.rint(noisy), 0, 65_535).astype(np.uint16), labels)


def _places(random: np.random.Generator) -> list[tuple[float, float, float]]:
    """Return centres and radii: scattered, none too close, a share of them as neighbours that touch."""
    placed: list[tuple[float, float, float]] = []
    while len(placed) < NUCLEI:
        radius = float(np.clip(random.normal(MEAN_RADIUS, RADIUS_SPREAD), 7, 20))
        if placed and random.random() < TOUCHING:
            row, column, other = placed[int(random.integers(len(placed)))]
            angle = random.uniform(0, 2 * np.pi)
            apart = 0.93 * (radius + other)
            place = row + apart * np.sin(angle), column + apart * np.cos(angle)
        else:
            place = float(random.uniform(0, SIDE)), float(random.uniform(0, SIDE))
        if not (0 <= place[0] < SIDE and 0 <= place[1] < SIDE):
            continue
        if all(np.hypot(place[0] - r, place[1] - c) > CLOSEST * (radius + other) for r, c, other in placed):
            placed.append((place[0], place[1], radius))
    return placed


def _paint_nucleus(
    light: NDArray[np.float32],
    labels: NDArray[np.uint16],
    grain: NDArray[np.float32],
    random: np.random.Generator,
    *,
    number: int,
    centre: tuple[float, float],
    radius: float,
) -> None:
    reach = int(radius * 1.8)
    top, left = max(0, int(centre[0]) - reach), max(0, int(centre[1]) - reach)
    box = (slice(top, min(SIDE, int(centre[0]) + reach + 1)), slice(left, min(SIDE, int(centre[1]) + reach + 1)))
    rows, columns = np.mgrid[box]
    down, right = rows - centre[0], columns - centre[1]
    angle = np.arctan2(down, right)
    turn = random.uniform(0, np.pi)
    long, short = random.uniform(1.0, 1.25), random.uniform(0.82, 1.0)
    border = radius / np.sqrt((np.cos(angle - turn) / long) ** 2 + (np.sin(angle - turn) / short) ** 2)
    for wave in (2, 3, 5):
        border = border * (1 + random.normal(0, 0.022) * np.cos(wave * angle + random.uniform(0, 2 * np.pi)))
    depth = 1 - np.hypot(down, right) / border
    brightness = float(np.clip(random.lognormal(-0.75, 0.38), 0.16, 1.3))
    dome = np.clip(depth * 5, 0, 1) ** 0.6 * (0.8 + 0.2 * np.clip(depth, 0, 1))
    glow = brightness * dome * (1 + 0.34 * grain[box])
    for _ in range(int(random.integers(0, 4))):
        spot = random.uniform(-0.45, 0.45, 2) * radius
        glow = glow - 0.35 * brightness * dome * np.exp(-((down - spot[0]) ** 2 + (right - spot[1]) ** 2) / 4.5)
    inside = depth > 0
    light[box] = np.where(inside, np.maximum(light[box], glow), light[box])
    labels[box][inside & (labels[box] == 0)] = number


def _grain(random: np.random.Generator, sigma: float) -> NDArray[np.float32]:
    field = ndimage.gaussian_filter(random.standard_normal((SIDE, SIDE), dtype=np.float32), sigma, mode="wrap")
    return np.asarray(field / field.std(), dtype=np.float32)


def _vignette() -> NDArray[np.float32]:
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE - 0.5
    return np.asarray(1 - 0.35 * (rows**2 + columns**2), dtype=np.float32)
