"""The list of segmenters: defaults per modality, and one form for classical ones and models."""

import pytest

from maskloop.inference.known import known_manifests
from maskloop.inference.segmenters import CLASSICAL, classical_spec, model_spec, resolve_parameters


def test_every_default_passes_its_own_check() -> None:
    specs = [*CLASSICAL, *map(model_spec, known_manifests().values())]

    for spec in specs:
        for modality in (None, "CT", "MR", "DX", "CR", "SM"):
            values = resolve_parameters(spec, {}, modality=modality)
            assert resolve_parameters(spec, values) == values


@pytest.mark.parametrize(("modality", "within"), [("CT", "image"), ("DX", "body"), (None, "image")])
def test_defaults_follow_the_modality(modality: str | None, within: str) -> None:
    spec = classical_spec("otsu")
    assert spec is not None

    assert resolve_parameters(spec, {}, modality=modality)["within"] == within


def test_three_published_models_are_known_by_four_files() -> None:
    names = {manifest.name for manifest in known_manifests().values()}

    assert names == {"stardist-nuclei", "brain-tissue", "lite-medsam"}
    assert len(known_manifests()) == 4


def test_a_stardist_model_lets_its_thresholds_be_set() -> None:
    spec = next(model_spec(known) for known in known_manifests().values() if known.name == "stardist-nuclei")

    assert [parameter.name for parameter in spec.parameters] == ["threshold", "overlap", "scale"]
    assert spec.segments[0].code is not None
    assert (spec.task, spec.dims, spec.source) == ("instances", (2,), "model")
