"""Opening, submitting and reopening a segmentation."""

import pytest

from maskloop.core.errors import Conflict, PreconditionFailed
from maskloop.segmentations import history, service
from maskloop.segmentations.errors import Closed
from maskloop.segmentations.tables import Segmentation
from tests.factories import make_image, make_member, make_project


def test_readers_share_one_segmentation(session):
    project = make_project(session)
    image = make_image(session, project)
    ann, ben = make_member(session, project), make_member(session, project)

    first, is_new = service.get_or_create(session, image.id, reader_id=ann.id)
    second, again = service.get_or_create(session, image.id, reader_id=ben.id)

    assert (first.id, first.reader_id) == (second.id, None)
    assert (is_new, again) == (True, False)


def test_blinded_readers_have_one_each(session):
    project = make_project(session, readers="blinded")
    image = make_image(session, project)
    ann, ben = make_member(session, project), make_member(session, project)

    first, _ = service.get_or_create(session, image.id, reader_id=ann.id)
    second, _ = service.get_or_create(session, image.id, reader_id=ben.id)

    assert (first.reader_id, second.reader_id) == (ann.id, ben.id)
    assert service.list_for_image(session, image.id, reader_id=ann.id) == [first]
    assert len(service.list_for_image(session, image.id, reader_id=None)) == 2


def test_nothing_is_found_before_somebody_draws(session):
    project = make_project(session)
    image = make_image(session, project)

    assert service.find(session, image.id, reader_id=make_member(session, project).id) is None


def test_submitting_names_the_revision_and_closes(scene):
    saved = scene.draw((0, 1, 0, 1))

    service.submit(scene.session, scene.id, seq=saved.seq)

    described = service.describe(scene.session, scene.id)
    assert (described.state, described.submitted_seq) == ("submitted", saved.seq)
    assert history.list_revisions(scene.session, scene.id, before=None, limit=1)[0].name == "submitted"
    with pytest.raises(Closed):
        scene.draw((1, 1, 0, 1))
    service.reopen(scene.session, scene.id)
    scene.draw((1, 1, 0, 1))


def test_what_others_drew_since_is_not_submitted_unseen(scene):
    seen = scene.draw((0, 1, 0, 1))
    scene.draw((1, 1, 0, 1), user=scene.ben)

    with pytest.raises(PreconditionFailed) as refused:
        service.submit(scene.session, scene.id, seq=seen.seq)

    assert (refused.value.code, refused.value.context) == ("stale-revision", {"seq": seen.seq + 1})


def test_an_approved_segmentation_is_not_reopened(scene):
    scene.session.get(Segmentation, scene.id).state = "approved"
    scene.session.flush()

    with pytest.raises(Conflict):
        service.reopen(scene.session, scene.id)
