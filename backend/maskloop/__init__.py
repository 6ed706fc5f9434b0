"""Maskloop: label and segment medical images, starting from a model's proposal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskloop.client.client import Client

    __version__: str

__all__ = ["Client", "__version__"]


def __getattr__(name: str) -> object:
    """Import what few need when it is asked for: the client, and the version from the package's metadata."""
    if name == "Client":
        from maskloop.client.client import Client

        return Client
    if name == "__version__":
        from importlib.metadata import version

        return version("maskloop")
    raise AttributeError(f"module 'maskloop' has no attribute {name!r}")
