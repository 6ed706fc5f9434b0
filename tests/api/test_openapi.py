"""The committed description of the API is what the application says."""

from maskloop.commands.openapi import document
from tests.conftest import REPOSITORY


def test_the_committed_description_is_fresh():
    committed = (REPOSITORY / "docs" / "openapi.json").read_bytes()

    assert committed == document(), "docs/openapi.json is stale: run `make openapi`"


def test_every_reference_in_the_description_leads_somewhere():
    text = document().decode()
    named = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}

    missing = [name for name in named if f'"{name}": {{' not in text]
    assert not missing
