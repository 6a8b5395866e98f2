"""Hashes of texts, by libxxhash."""


def hash64(text):
    """The 64-bit xxHash of a text."""
    from . import _xxhash

    return _xxhash.hash64(text)
