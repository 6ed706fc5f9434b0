"""Which manifest goes with a file: the one that was given, a published model's that we know, or the file's own."""

from functools import cache
from importlib import resources

from maskloop.inference.check_onnx import OnnxSummary
from maskloop.inference.errors import ManifestInvalid
from maskloop.inference.manifest import METADATA_KEY, Manifest, parse_manifest


@cache
def known_manifests() -> dict[str, Manifest]:
    """Return the manifests that ship with us, by the SHA-256 of each of their files.

    Notes
    -----
    They are JSON files in `inference/known`; the weights do not ship.
    """
    found: dict[str, Manifest] = {}
    for entry in resources.files("maskloop.inference").joinpath("known").iterdir():
        if entry.name.endswith(".json"):
            manifest = parse_manifest(entry.read_bytes())
            found.update(dict.fromkeys(manifest.files, manifest))
    return found


def manifest_for(summaries: list[OnnxSummary], given: str | bytes | None = None) -> Manifest:
    """Return the manifest of a model of one file, or of an encoder and a decoder, in this order.

    Parameters
    ----------
    summaries : list of OnnxSummary
        As `check_onnx` returned them.
    given : JSON text, optional
        Wins over what we know.

    Raises
    ------
    ManifestInvalid
        If there is none, it is not valid, or it does not belong to these files.
    """
    digests = tuple(summary.sha256 for summary in summaries)
    if given is not None:
        manifest = parse_manifest(given)
    elif digests[0] in known_manifests():
        manifest = known_manifests()[digests[0]]
    elif METADATA_KEY in summaries[0].metadata:
        manifest = parse_manifest(summaries[0].metadata[METADATA_KEY])
    else:
        raise ManifestInvalid("This model is not one that we know; send a manifest with it.", code="manifest-missing")
    if manifest.files and manifest.files != digests:
        if set(manifest.files) == set(digests):
            raise ManifestInvalid("The files are in the wrong order: the encoder comes first, then the decoder.")
        wanted = "an encoder and a decoder" if len(manifest.files) > 1 else "one file"
        raise ManifestInvalid(f"The manifest of {manifest.title} belongs to other files; it names {wanted}.")
    if len(digests) != (2 if manifest.head.kind == "sam" else 1):
        raise ManifestInvalid("A promptable model is an encoder and a decoder; every other model is one file.")
    return manifest
