"""The image's own grid and the one a network wants, and the way back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskloop.imaging.volume import Volume
from maskloop.inference.errors import ImageUnsuitable
from maskloop.inference.manifest import InputSpec

PATIENT_AXES = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}
MOST_VOXELS = 1 << 28
SAME = 1e-3  # of a voxel: grids closer than this are one grid


@dataclass(frozen=True)
class GridMap:
    """An affine map between array indices: of the network's grid to the image's, both in array order."""

    matrix: NDArray[np.float64]
    offset: NDArray[np.float64]
    image_shape: tuple[int, ...]
    model_shape: tuple[int, ...]

    @property
    def is_identity(self) -> bool:
        """Whether the two grids are one."""
        size = len(self.image_shape)
        return (
            self.image_shape == self.model_shape
            and bool(np.allclose(self.matrix, np.eye(size), atol=SAME / max(self.image_shape)))
            and bool(np.allclose(self.offset, 0, atol=SAME))
        )

    def to_model(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return channels of the image on the network's grid.

        Parameters
        ----------
        values : (C, *image_shape) float32 array

        Returns
        -------
        (C, *model_shape) float32 array
            Linear between voxels, smoothed first where the new grid is coarser; the image's edge goes on outside it.
        """
        if self.is_identity:
            return values
        coarser = np.linalg.norm(self.matrix, axis=1)
        sigma = np.maximum(0.0, (coarser - 1) / 2)
        channels = []
        for channel in values:
            smooth = ndimage.gaussian_filter(channel, sigma=sigma, mode="nearest") if sigma.any() else channel
            channels.append(
                ndimage.affine_transform(
                    smooth, self.matrix, self.offset, output_shape=self.model_shape, order=1, mode="nearest"
                )
            )
        return np.stack(channels).astype(np.float32, copy=False)

    def to_image(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one channel of the network's grid on the image's, linear between voxels.

        Parameters
        ----------
        values : (*model_shape) float32 array
        """
        if self.is_identity:
            return values
        inverse = np.linalg.inv(self.matrix)
        back = ndimage.affine_transform(
            values, inverse, -inverse @ self.offset, output_shape=self.image_shape, order=1, mode="nearest"
        )
        return np.asarray(back, dtype=np.float32)

    def labels_to_image(self, labels: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Return a labelmap of the network's grid on the image's, by nearest voxel.

        Parameters
        ----------
        labels : (*model_shape) uint16 array
        """
        if self.is_identity:
            return labels
        inverse = np.linalg.inv(self.matrix)
        back = ndimage.affine_transform(
            labels, inverse, -inverse @ self.offset, output_shape=self.image_shape, order=0, mode="nearest"
        )
        return np.asarray(back, dtype=np.uint16)


def plane_map(shape: tuple[int, int], *, zoom: tuple[float, float]) -> GridMap:
    """Return the map of a plane to itself, finer by `zoom` along rows and columns, the outer edges kept.

    Parameters
    ----------
    shape : (rows, columns)
    zoom : (2,) floats
        Pixels of the network per pixel of the image.
    """
    model_shape = tuple(max(1, round(length * factor)) for length, factor in zip(shape, zoom, strict=True))
    _check_size(model_shape)
    step = np.array(shape) / np.array(model_shape)
    return GridMap(np.diag(step), 0.5 * step - 0.5, shape, model_shape)


def volume_map(volume: Volume, spec: InputSpec) -> GridMap:
    """Return the map between a volume's grid and the one that a 3-D network asks for.

    Parameters
    ----------
    volume : Volume
    spec : InputSpec
        With an orientation the new grid stands along the patient's axes and holds every voxel centre of the volume,
        whatever way, tilt or shear the volume has. Without one, slices stay as stored.

    Raises
    ------
    ImageUnsuitable
        If a place in the patient is needed and the volume has none, or the new grid is too large.
    """
    if spec.spacing_mm is None:
        size = len(volume.shape)
        return GridMap(np.eye(size), np.zeros(size), volume.shape, volume.shape)
    if volume.affine is None:
        raise ImageUnsuitable("This model needs an image with a physical size, and this image has none.")
    spacing = np.array(spec.spacing_mm)
    from_array = volume.affine[:3, [2, 1, 0]]  # columns in array order k, j, i
    if spec.orientation is None:
        steps = np.linalg.norm(from_array, axis=0)
        shape = tuple(max(1, round(n * s / t)) for n, s, t in zip(volume.shape, steps, spacing, strict=True))
        _check_size(shape)
        ratio = np.array(volume.shape) / np.array(shape)
        return GridMap(np.diag(ratio), 0.5 * ratio - 0.5, volume.shape, shape)
    axes = np.zeros((3, 3))
    for column, letter in enumerate(spec.orientation):
        axis, sign = PATIENT_AXES[letter]
        axes[axis, column] = sign
    corners = np.array(np.meshgrid(*([0, n - 1] for n in volume.shape), indexing="ij")).reshape(3, -1)
    along = axes.T @ (from_array @ corners + volume.affine[:3, 3:])  # mm along the new axes
    low, high = along.min(axis=1), along.max(axis=1)
    shape = tuple(int(count) for count in np.floor((high - low) / spacing + SAME).astype(int) + 1)
    _check_size(shape)
    to_array = np.linalg.inv(from_array)
    return GridMap(
        to_array @ axes @ np.diag(spacing), to_array @ (axes @ low - volume.affine[:3, 3]), volume.shape, shape
    )


def _check_size(shape: tuple[int, ...]) -> None:
    if np.prod([float(length) for length in shape]) > MOST_VOXELS:
        raise ImageUnsuitable(f"At this model's resolution the image would be {' x '.join(map(str, shape))} voxels.")
