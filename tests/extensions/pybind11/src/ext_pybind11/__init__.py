"""Google's snappy, through C++."""

from ._snappy import compress, uncompress

__all__ = ["compress", "uncompress"]
