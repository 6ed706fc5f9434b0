"""Maskloop: label and segment medical images, starting from a model's proposal."""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maskloop.client.client import Client

__all__ = ["Client", "__version__"]
__version__ = version("maskloop")


def __getattr__(name: str) -> "type[Client]":
    """Import the client when it is asked for: the server does not need it."""
    if name == "Client":
        from maskloop.client.client import Client

        return Client
    raise AttributeError(f"module 'maskloop' has no attribute {name!r}")
