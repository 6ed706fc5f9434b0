"""The torso as a CT sees it, and as a radiograph does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskloop.demo.anatomy import Part, Torso
from maskloop.demo.canvas import AIR_HU, Canvas, Floats, Lattice
from maskloop.imaging.volume import Volume

CT_COLUMNS, CT_SLICES = 256, 76
CT_PIXEL_MM, CT_STEP_MM, CT_BOTTOM_MM = 1.6, 4.0, -165.0
FIELD_RADIUS_MM = 204.0
TABLE_Y_MM = 124.0
NOISE_HU = 13.0
LOWEST, HIGHEST = -1024, 3071
RADIOGRAPH_GRID_MM = (1.25, 4.0, 1.25)  # x, y, z of the grid that is projected
RADIOGRAPH_PIXEL_MM = 0.4
RADIOGRAPH_LEFT_MM, RADIOGRAPH_TOP_MM, RADIOGRAPH_BOTTOM_MM = 200.0, 212.0, -95.0
WATER_PER_MM = 0.0205  # attenuation at about 60 keV
BONE_EXCESS = 1.4  # bone stops soft X-rays more than its density says
SCATTER = 0.28
MAX_STORED = 4095


@dataclass(frozen=True)
class Phantom:
    """A made-up CT and the truth about it: `labels` (K, J, I) uint8 with the numbers of `Part`."""

    volume: Volume
    labels: NDArray[np.uint8]

    @property
    def names(self) -> dict[int, str]:
        """Structure names by number."""
        return {int(part): part.name.capitalize() for part in Part}


def torso_ct(*, seed: int = 3) -> Phantom:
    """Return a contrast-enhanced CT of a made-up torso, from the kidneys to the top of the lungs.

    Parameters
    ----------
    seed : int
        Of vessels, bowel and noise.

    Returns
    -------
    Phantom
        (76, 256, 256) int16 HU with 1.6 mm pixels and 4 mm slices, lying on a table; feet first in k.
    """
    across = (np.arange(CT_COLUMNS) - (CT_COLUMNS - 1) / 2) * CT_PIXEL_MM
    up = CT_BOTTOM_MM + np.arange(CT_SLICES) * CT_STEP_MM
    canvas = Canvas(across, across, up)
    Torso(canvas, seed=seed).paint()
    _paint_table(canvas)
    random = np.random.default_rng(seed)
    fine = Lattice(7.0, seed=23).sample(canvas.x, canvas.y, canvas.z)
    tissue = canvas.hu > -300
    canvas.hu[tissue] += 9 * fine[tissue]
    blurred = ndimage.gaussian_filter(canvas.hu, (0.25, 0.55, 0.55), mode="nearest", truncate=3.0)
    seen = blurred + _scan_noise(canvas, random)
    outside = canvas.x[np.newaxis] ** 2 + canvas.y[:, np.newaxis] ** 2 > FIELD_RADIUS_MM**2
    seen[:, outside] = LOWEST
    voxels = np.clip(np.rint(seen), LOWEST, HIGHEST).astype(np.int16)
    affine = np.diag([CT_PIXEL_MM, CT_PIXEL_MM, CT_STEP_MM, 1.0])
    affine[:3, 3] = across[0], across[0], up[0]
    return Phantom(Volume(voxels, affine, "HU"), canvas.parts)


def _paint_table(canvas: Canvas) -> None:
    x, y, _ = canvas.axes((slice(None), slice(None), slice(None)))
    below = y - (TABLE_Y_MM - 0.0011 * x**2)
    shell = ((np.abs(below) < 1.6) | (np.abs(below - 24 + 0.0008 * x**2) < 1.6)) & (np.abs(x) < 185)
    foam = (below > 0) & (below < 24 - 0.0008 * x**2) & (np.abs(x) < 185)
    whole = (slice(None), slice(None), slice(None))
    air = canvas.hu < AIR_HU + 1
    canvas.paint(whole, foam, -940.0, where=air)
    canvas.paint(whole, shell, -180.0, where=air)


def _scan_noise(canvas: Canvas, random: np.random.Generator) -> Floats:
    """Return noise as filtered back-projection leaves it: no low frequencies, stronger deep in the body."""
    white = random.standard_normal(canvas.hu.shape, dtype=np.float32)
    fine = ndimage.gaussian_filter(white, (0, 0.55, 0.55), mode="wrap", truncate=3.0)
    coarse = ndimage.gaussian_filter(white, (0, 1.6, 1.6), mode="wrap", truncate=3.0)
    band = fine - 0.85 * coarse
    depth = np.hypot(canvas.x[np.newaxis] / 190, canvas.y[:, np.newaxis] / 130)
    strength = NOISE_HU * (0.55 + 0.75 * np.exp(-((depth / 0.75) ** 2)))
    noise: Floats = band * (strength / float(band.std())).astype(np.float32)
    return noise


def chest_radiograph(*, seed: int = 3) -> NDArray[np.uint16]:
    """Return a frontal chest radiograph of the same torso: its parallel projection, as a detector shows it.

    Parameters
    ----------
    seed : int

    Returns
    -------
    (rows, columns) uint16 array
        12 bits, bright is dense, 0.4 mm pixels; the patient's right is on the left.

    Notes
    -----
    Beer and Lambert along y; scatter as a blurred share of the primary; then the logarithm and the enhancement of
    detail that makes a raw detector image look like a radiograph.
    """
    step_x, step_y, step_z = RADIOGRAPH_GRID_MM
    x = np.arange(-RADIOGRAPH_LEFT_MM, RADIOGRAPH_LEFT_MM, step_x)
    z = np.arange(RADIOGRAPH_BOTTOM_MM, RADIOGRAPH_TOP_MM, step_z)
    canvas = Canvas(x, np.arange(-124, 124, step_y), z, scattered=True)
    Torso(canvas, seed=seed).paint()
    hu = canvas.hu
    density = 1 + hu / 1000 + BONE_EXCESS * np.maximum(hu - 180, 0) / 1000
    path = WATER_PER_MM * step_y * density.sum(axis=1)[::-1]
    fine = ndimage.zoom(path, (step_z / RADIOGRAPH_PIXEL_MM, step_x / RADIOGRAPH_PIXEL_MM), order=3, mode="nearest")
    fine = ndimage.gaussian_filter(fine, 1.6)
    primary = np.exp(-np.maximum(fine, 0))
    exposed = primary + SCATTER * ndimage.gaussian_filter(primary, 60, truncate=2.5)
    quanta = np.random.default_rng(seed).normal(0, 1, exposed.shape)
    exposed = exposed + 0.0011 * np.sqrt(exposed / exposed.max()) * ndimage.gaussian_filter(quanta, 0.7) * 2.2
    signal = -np.log(np.maximum(exposed, 1e-5))
    broad = ndimage.gaussian_filter(signal, 45, truncate=2.5)
    detail = signal - ndimage.gaussian_filter(signal, 8)
    shown = 0.55 * broad + (signal - broad) + 0.7 * detail
    low, high = np.quantile(shown, (0.003, 0.998))
    stored = np.clip((shown - low) / (high - low), 0, 1) ** 1.1
    return np.asarray(np.rint(stored * MAX_STORED), dtype=np.uint16)
