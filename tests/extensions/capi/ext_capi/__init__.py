"""Canonical UUIDs, by libuuid."""

from ._uuid import canonical

__all__ = ["canonical"]
