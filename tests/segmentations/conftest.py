"""What the tests of segmentations share."""

import pytest

from tests.segmentations.drawing import Scene


@pytest.fixture
def scene(session) -> Scene:
    return Scene(session)
