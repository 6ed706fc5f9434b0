"""Networks with known answers on known images: heads, layouts, grids, and what does not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto

from maskloop.imaging.volume import Volume
from maskloop.inference.errors import ImageUnsuitable, ManifestInvalid, OutputInvalid
from maskloop.inference.known import known_manifests
from maskloop.inference.manifest import parse_manifest
from maskloop.inference.predictor import Settings, predict
from maskloop.inference.session import CPU, open_session
from tests import tiny_models as tiny

SHEAR = np.array([[0.9, 0, 0, -40], [0, 0.9, 0.8, -60], [0, 0, 2.5, 100], [0, 0, 0, 1.0]])


def run(
    tmp_path: Path, model: ModelProto, about: dict[str, object], volume: Volume, settings: Settings | None = None
) -> np.ndarray:
    session = open_session(tiny.save(model, tmp_path / "net.onnx"), threads=1)
    assert session.provider == CPU
    return predict(volume, parse_manifest(json.dumps(about)), session, settings=settings)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).random(shape, np.float32)


def smooth_ball(shape: tuple[int, int, int], affine: np.ndarray, radius_mm: float) -> np.ndarray:
    """1 in the middle of the volume, falling off linearly, 0.7 at `radius_mm` from it, measured in the patient."""
    k, j, i = np.indices(shape)
    points = np.stack([i, j, k], axis=-1) @ affine[:3, :3].T
    centre = (np.array(shape[::-1]) - 1) / 2 @ affine[:3, :3].T
    distance = np.linalg.norm(points - centre, axis=-1)
    return np.clip(1 - 0.3 * distance / radius_mm, 0, 1).astype(np.float32)


@pytest.mark.parametrize("shape", [(1, 32, 32), (1, 100, 75), (3, 40, 61), (1, 9, 11)])
def test_softmax_2d_is_the_threshold_it_was_made_to_be(shape: tuple[int, int, int], tmp_path: Path) -> None:
    voxels = noise(*shape)

    labels = run(tmp_path, tiny.softmax_2d(), tiny.manifest(tiny.softmax_head(0, 1)), Volume(voxels))

    np.testing.assert_array_equal(labels, voxels > 0.5)
    assert labels.dtype == np.uint16


def test_softmax_3d_gives_each_class_its_own_number(tmp_path: Path) -> None:
    voxels = noise(20, 40, 50)
    about = tiny.manifest(tiny.softmax_head(0, 0, 7), axes="bczyx", patch=(16, 16, 16), segments=7)

    labels = run(tmp_path, tiny.softmax_3d(), about, Volume(voxels))

    np.testing.assert_array_equal(labels == 7, voxels > 0.7)


def test_channels_last_input_and_channels_first_output(tmp_path: Path) -> None:
    voxels = noise(12, 20, 24)
    about = tiny.manifest(tiny.softmax_head(0, 1), axes="bzyxc", patch=(16, 16, 16))

    labels = run(tmp_path, tiny.softmax_3d_channels_last(), about, Volume(voxels))

    np.testing.assert_array_equal(labels, voxels > 0.5)


def test_sigmoid_structures_pass_their_threshold_or_are_background(tmp_path: Path) -> None:
    voxels = noise(1, 50, 50)
    about = tiny.manifest(tiny.sigmoid_head(1, 2), segments=2)

    labels = run(tmp_path, tiny.sigmoid_2d(), about, Volume(voxels))
    stricter = run(tmp_path, tiny.sigmoid_2d(), about, Volume(voxels), Settings(threshold=0.9))

    np.testing.assert_array_equal(labels, np.where(voxels > 0.5, 1, np.where(voxels < 0.2, 2, 0)))
    assert (stricter > 0).sum() < (labels > 0).sum()


def test_a_fixed_patch_is_used_as_it_is(tmp_path: Path) -> None:
    voxels = noise(1, 50, 20)

    labels = run(tmp_path, tiny.fixed_patch_2d(32), tiny.manifest(tiny.softmax_head(0, 1)), Volume(voxels))

    np.testing.assert_array_equal(labels, voxels > 0.5)


@pytest.mark.parametrize("orientation", ["LPS", "LIA", "SAR", "RPI"])
@pytest.mark.parametrize("affine", [np.diag([0.9, 0.9, 2.5, 1]), SHEAR], ids=["straight", "gantry tilt"])
def test_a_ball_comes_back_as_the_ball_in_any_orientation(affine: np.ndarray, orientation: str, tmp_path: Path) -> None:
    voxels = smooth_ball((20, 60, 50), affine, 12.0)
    about = tiny.manifest(
        tiny.softmax_head(0, 0, 1),
        axes="bczyx",
        patch=(32, 32, 32),
        spacing_mm=(1.5, 1.2, 1.0),
        orientation=orientation,
    )

    labels = run(tmp_path, tiny.softmax_3d(), about, Volume(voxels, affine))

    truth = voxels > 0.7
    overlap = 2 * (truth & (labels == 1)).sum() / (truth.sum() + (labels == 1).sum())
    assert overlap > 0.95  # two linear resamplings round off less than one voxel of the surface


def test_a_mark_on_the_patients_left_reaches_the_network_on_its_left(tmp_path: Path) -> None:
    voxels = np.zeros((16, 16, 16), np.float32)
    voxels[2:5, 3:6, 11:14] = 1.0
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])  # i to the right, j to the front: as NIfTI files often lie
    about = tiny.manifest(
        tiny.softmax_head(0, 0, 1), axes="bczyx", patch=(16, 16, 16), spacing_mm=(1, 1, 1), orientation="LPS"
    )

    labels = run(tmp_path, tiny.softmax_3d(), about, Volume(voxels, affine))

    np.testing.assert_array_equal(labels, voxels > 0.5)


def test_pixel_size_is_respected_in_planes(tmp_path: Path) -> None:
    voxels = smooth_ball((1, 120, 80), np.diag([0.5, 0.25, 1.0, 1]), 6.0)
    about = tiny.manifest(tiny.softmax_head(0, 1), spacing_mm=(0.5, 0.5))

    labels = run(tmp_path, tiny.softmax_2d(), about, Volume(voxels, np.diag([0.5, 0.25, 1.0, 1])))

    truth = voxels > 0.5
    assert 2 * (truth & (labels == 1)).sum() / (truth.sum() + labels.sum()) > 0.97


def test_colour_reaches_a_grey_network_as_luminance(tmp_path: Path) -> None:
    colour = np.zeros((1, 16, 16, 3), np.uint8)
    colour[0, :, :8, 1] = 255
    about = tiny.manifest(tiny.softmax_head(0, 1))
    about["input"] = {"name": "image", "axes": "bcyx", "intensity": {"kind": "scale", "divisor": 255}}

    labels = run(tmp_path, tiny.softmax_2d(), about, Volume(colour))

    assert (labels[0, :, :8] == 1).all()
    assert not labels[0, :, 8:].any()


def test_the_recipe_of_the_manifest_is_applied(tmp_path: Path) -> None:
    voxels = np.zeros((1, 32, 32), np.float32)
    voxels[0, 4:14, 4:14] = 1
    voxels[0, 8, 8] = 0
    voxels[0, 25, 25] = 1
    steps = [{"step": "keep-largest"}, {"step": "fill-holes"}]

    labels = run(
        tmp_path, tiny.softmax_2d(), tiny.manifest(tiny.softmax_head(0, 1), postprocessing=steps), Volume(voxels)
    )

    assert labels.sum() == 100


def test_answers_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputInvalid, match="not numbers"):
        run(tmp_path, tiny.not_finite_2d(), tiny.manifest(tiny.softmax_head(0, 1)), Volume(noise(1, 32, 32)))


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        (tiny.manifest({"kind": "softmax", "output": "logits", "classes": [0, 1]}), "no output named 'logits'"),
        (tiny.manifest(tiny.softmax_head(0, 1), axes="bczyx", patch=(8, 8, 8)), "4 axes; the manifest says 5"),
    ],
)
def test_a_manifest_that_does_not_fit_the_network_is_refused(
    about: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ManifestInvalid, match=sentence):
        run(tmp_path, tiny.softmax_2d(), about, Volume(noise(1, 32, 32)))


def test_more_classes_than_the_manifest_names_are_refused(tmp_path: Path) -> None:
    about = tiny.manifest(tiny.softmax_head(0, 1), axes="bczyx", patch=(8, 8, 8))

    with pytest.raises(OutputInvalid, match="shape"):
        run(tmp_path, tiny.softmax_3d(), about, Volume(noise(8, 8, 8)))


def test_a_model_in_millimetres_needs_an_image_in_millimetres(tmp_path: Path) -> None:
    about = tiny.manifest(tiny.softmax_head(0, 1), spacing_mm=(1, 1))

    with pytest.raises(ImageUnsuitable, match="physical size"):
        run(tmp_path, tiny.softmax_2d(), about, Volume(noise(1, 32, 32)))


def test_images_that_are_not_numbers_are_refused(tmp_path: Path) -> None:
    voxels = noise(1, 16, 16)
    voxels[0, 3, 3] = np.nan

    with pytest.raises(ImageUnsuitable, match="not numbers"):
        run(tmp_path, tiny.softmax_2d(), tiny.manifest(tiny.softmax_head(0, 1)), Volume(voxels))


def test_the_same_run_twice_is_the_same(tmp_path: Path) -> None:
    volume = Volume(noise(4, 70, 70))
    about = tiny.manifest(tiny.softmax_head(0, 1))

    np.testing.assert_array_equal(
        run(tmp_path, tiny.softmax_2d(), about, volume), run(tmp_path, tiny.softmax_2d(), about, volume)
    )


@pytest.mark.long
def test_brain_tissue_on_the_template_is_as_good_as_published(shared_models: Path) -> None:
    """On the whole MNI head; the published figure is 0.938 for the brain in one window of 208 voxels."""
    data = pytest.importorskip("nilearn.datasets.data")
    nibabel = pytest.importorskip("nibabel")
    folder = Path(data.__file__).parent
    head, grey, white = (
        nibabel.load(folder / f"mni_icbm152_{kind}_tal_nlin_sym_09a_converted.nii.gz") for kind in ("t1", "gm", "wm")
    )
    voxels, *parts = (np.asarray(image.dataobj).transpose(2, 1, 0).astype(np.float32) for image in (head, grey, white))
    session = open_session(shared_models / "brain_gmwm_model5.onnx", threads=2)
    manifest = next(known for known in known_manifests().values() if known.name == "brain-tissue")

    labels = predict(Volume(voxels, np.diag([-1, -1, 1, 1]) @ head.affine), manifest, session)

    tissue = parts[0] + parts[1] > 127
    assert 2 * (tissue & (labels > 0)).sum() / (tissue.sum() + (labels > 0).sum()) > 0.92
