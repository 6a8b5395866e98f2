"""Greets people in their language, with the words of libgreet."""

from ._greet import greet

__all__ = ["greet"]
