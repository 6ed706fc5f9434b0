"""Numbers are given out once, in blocks, until they run out."""

import pytest

from maskloop.core import clock
from maskloop.core.errors import Invalid
from maskloop.core.ids import new_id
from maskloop.segmentations import numbers, service
from maskloop.segmentations.errors import Closed, KeyReused, NumbersExhausted
from maskloop.segmentations.verification import verify_segmentation
from tests.factories import make_label, make_project


def test_a_block_is_one_row_and_one_revision(scene):
    first = scene.take(scene.nuclei.id, count=64)

    rows = service.describe(scene.session, scene.id).segments
    assert [(row.number, row.last_number, row.kind) for row in rows] == [
        (1, 1, "semantic"),
        (2, 2, "semantic"),
        (first, first + 63, "instance"),
    ]
    assert scene.take(scene.nuclei.id) == first + 64
    assert scene.seq == 4
    assert verify_segmentation(scene.session, scene.id).problems == []


def test_a_repeat_gets_the_same_numbers(scene):
    key = new_id()
    first = scene.take(scene.liver.id, count=5, key=key)

    assert scene.take(scene.liver.id, count=5, key=key) == first
    assert scene.take(scene.liver.id) == first + 5
    with pytest.raises(KeyReused):
        scene.take(scene.liver.id, count=6, key=key)


def test_numbers_run_out_at_65535(scene):
    scene.take(scene.nuclei.id, count=65_533 - 10)

    with pytest.raises(NumbersExhausted) as refused:
        scene.take(scene.nuclei.id, count=11)
    last = scene.take(scene.nuclei.id, count=10)

    assert refused.value.context == {"left": 10}
    assert last == 65_526
    scene.draw((0, 1, 0, 65_535))
    with pytest.raises(NumbersExhausted):
        scene.take(scene.nuclei.id)


def test_labels_that_cannot_be_drawn_get_no_numbers(scene):
    foreign = make_label(scene.session, make_project(scene.session))
    archived = make_label(scene.session, scene.project, archived_at=clock.now())
    answer = make_label(scene.session, scene.project, kind="answer")

    for label in (foreign, archived, answer):
        with pytest.raises(Invalid):
            scene.take(label.id)
    with pytest.raises(Invalid, match="Layers"):
        scene.take(scene.liver.id, layer=512)


def test_a_closed_segmentation_gives_no_numbers(scene):
    service.submit(scene.session, scene.id, seq=scene.seq)

    with pytest.raises(Closed):
        scene.take(scene.liver.id)


def test_name_and_color_come_with_the_number(scene):
    number = scene.take(scene.liver.id, name="Left", color="#0a0b0c")

    row = service.describe(scene.session, scene.id).segments[-1]
    assert (row.number, row.name, row.color) == (number, "Left", "#0a0b0c")
    assert numbers.MAX_NUMBER == 65_535
