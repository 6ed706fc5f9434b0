"""Windows: cover everything, blend to the same answer, skip what is empty, stop when told."""

import numpy as np
import pytest

from maskloop.inference.errors import InferenceCancelled, OutputInvalid
from maskloop.inference.sliding_window import Batch, Windows, gaussian_weights, run_windows, window_boxes

RANDOM = np.random.default_rng(4)


def twice(batch: Batch) -> list[Batch]:
    return [2 * batch]


@pytest.mark.parametrize("shape", [(50, 70), (16, 16), (7, 100), (20, 33, 41)])
def test_a_local_network_gives_the_same_in_windows_as_at_once(shape: tuple[int, ...]) -> None:
    image = RANDOM.normal(size=(1, *shape)).astype(np.float32)
    windows = Windows((16,) * len(shape), overlap=0.5, batch=3)

    (blended,) = run_windows(image, twice, windows=windows, channels=(1,))

    np.testing.assert_allclose(blended, 2 * image, rtol=1e-5, atol=1e-6)  # float32 sums of weights


def test_windows_cover_every_voxel_and_overlap_by_the_share_asked_for() -> None:
    boxes = window_boxes((100, 64), (32, 32), overlap=0.5)

    covered = np.zeros((100, 64), int)
    for box in boxes:
        covered[box] += 1

    assert covered.min() == 1
    assert len({box[0].start for box in boxes}) == 6
    assert len({box[1].start for box in boxes}) == 3


def test_gaussian_weights_are_symmetric_and_highest_in_the_middle() -> None:
    weights = gaussian_weights((9, 12))

    np.testing.assert_allclose(weights, weights[::-1, ::-1], rtol=1e-6)
    assert np.unravel_index(weights.argmax(), weights.shape)[0] == 4
    assert weights.min() > 0


def test_outputs_at_half_size_are_placed_at_half_size() -> None:
    image = RANDOM.normal(size=(1, 70, 50)).astype(np.float32)
    windows = Windows((32, 32), overlap=0.25, batch=2, multiple_of=4)

    (output,) = run_windows(image, lambda batch: [batch[..., ::2, ::2]], windows=windows, channels=(1,), stride=2)

    np.testing.assert_allclose(output, image[:, ::2, ::2], rtol=1e-5, atol=1e-6)


def test_empty_windows_are_not_run_and_hold_the_fill() -> None:
    image = np.zeros((1, 64, 64), np.float32)
    image[0, :10, :10] = RANDOM.normal(size=(10, 10))
    ran: list[int] = []

    def network(batch: Batch) -> list[Batch]:
        ran.append(len(batch))
        return [batch + 1]

    (output,) = run_windows(image, network, windows=Windows((16, 16), 0.0, 4), channels=(1,), fill=-9.0)

    assert sum(ran) == 1
    assert output[0, 40, 40] == -9.0
    assert output[0, 12, 12] == pytest.approx(1.0)


def test_a_fixed_batch_is_filled_up() -> None:
    image = RANDOM.normal(size=(1, 48, 16)).astype(np.float32)
    sizes: list[int] = []

    def network(batch: Batch) -> list[Batch]:
        sizes.append(len(batch))
        return [batch]

    windows = Windows((16, 16), 0.0, batch=2, fixed=True, fixed_batch=True)
    (output,) = run_windows(image, network, windows=windows, channels=(1,))

    assert sizes == [2, 2]
    np.testing.assert_allclose(output, image, rtol=1e-5)


def test_progress_rises_to_one() -> None:
    heard: list[float] = []
    image = RANDOM.normal(size=(1, 64, 64)).astype(np.float32)

    run_windows(image, twice, windows=Windows((16, 16), 0.0, 4), channels=(1,), progress=heard.append)

    assert heard == [0.25, 0.5, 0.75, 1.0]


def test_a_cancelled_run_stops_before_its_next_batch() -> None:
    image = RANDOM.normal(size=(1, 64, 64)).astype(np.float32)

    with pytest.raises(InferenceCancelled):
        run_windows(image, twice, windows=Windows((16, 16), 0.0, 4), channels=(1,), cancelled=lambda: True)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda batch: [batch[:, :, :8]], "shape"),
        (lambda batch: [np.full_like(batch, np.nan)], "not numbers"),
        (lambda batch: [batch, batch], "2 outputs instead of 1"),
        (lambda batch: [np.repeat(batch, 3, axis=1)], "shape"),
    ],
)
def test_outputs_that_are_no_answer_are_refused(wrong, sentence: str) -> None:  # type: ignore[no-untyped-def]
    image = RANDOM.normal(size=(1, 16, 16)).astype(np.float32)

    with pytest.raises(OutputInvalid, match=sentence):
        run_windows(image, wrong, windows=Windows((16, 16), 0.0, 1), channels=(1,))
