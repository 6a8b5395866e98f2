"""How many events libyaml sees in a text."""

from ._yaml import events

__all__ = ["events"]
