"""Unrepaired wheels for the benchmark beside those of the peer suite: more, and larger, grafts."""

import measuring  # noqa: F401 - puts the suites on the path
from peer import sources

MORE = [
    sources.Source("pycairo", "1.26.1", "libcairo2-dev", ""),
    sources.Source("pyproj", "3.6.1", "libproj-dev proj-bin", "", env={"PROJ_DIR": "/usr"}),
    sources.Source("Fiona", "1.9.6", "libgdal-dev", ""),
]
SOURCES = [*sources.SOURCES, *MORE]
build = sources.build
