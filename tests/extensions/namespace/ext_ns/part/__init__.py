"""Whether UUIDs are null, by libuuid."""

from ._null import is_null

__all__ = ["is_null"]
