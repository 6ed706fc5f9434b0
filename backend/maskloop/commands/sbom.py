"""Print the list of components: `python -m maskloop.commands.sbom > sbom.json` (CycloneDX 1.6)."""

import json
import re
import sys
from importlib.metadata import Distribution, distribution, distributions

PRODUCT = "maskloop"
LONGEST_LICENCE = 100  # some projects put the whole text there

Json = dict[str, object]


def bill_of_materials() -> Json:
    """Return every distribution of this environment: name, version, licence and package URL."""
    found = {_name(entry): entry for entry in distributions()}
    found.pop(PRODUCT, None)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _component(PRODUCT, distribution(PRODUCT), kind="application")},
        "components": [_component(name, found[name], kind="library") for name in sorted(found)],
    }


def _component(name: str, entry: Distribution, *, kind: str) -> Json:
    purl = f"pkg:pypi/{name}@{entry.version}"
    component: Json = {"type": kind, "bom-ref": purl, "name": name, "version": entry.version, "purl": purl}
    licences = _licences(entry)
    return component | ({"licenses": licences} if licences else {})


def _licences(entry: Distribution) -> list[Json]:
    """Return the licence as an SPDX expression where the metadata have one, else by name."""
    if expression := _first(entry, "License-Expression"):
        return [{"expression": expression}]
    classifiers = entry.metadata.get_all("Classifier") or []
    names = [line.rsplit(" :: ", 1)[1] for line in classifiers if line.startswith("License ::")]
    given = _first(entry, "License")
    if not names and given and len(given) <= LONGEST_LICENCE and "\n" not in given:
        names = [given]
    return [{"license": {"name": name}} for name in sorted(set(names))]


def _first(entry: Distribution, field: str) -> str:
    values: list[str] = entry.metadata.get_all(field) or [""]
    return values[0].strip()


def _name(entry: Distribution) -> str:
    """Return the normalised name (PyPA name normalisation)."""
    return re.sub(r"[-_.]+", "-", entry.metadata["Name"]).lower()


def main() -> None:
    """Print the list."""
    json.dump(bill_of_materials(), sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
