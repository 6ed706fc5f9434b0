"""Maskloop: label and segment medical images, starting from a model's proposal."""

from importlib.metadata import version

__version__ = version("maskloop")
