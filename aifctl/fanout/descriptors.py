"""File descriptors: raised to what the system allows, and how many nodes fit into them."""

from __future__ import annotations

import resource

from aifctl.core.errors import SetupError

#: The program itself, its libraries, the journal, name look-ups under way.
_OWN_COUNT = 64
#: The connection, and a file that is being copied to or from it.
_PER_NODE_COUNT = 2
_LEAST_WIDTH = 1


def raise_descriptors() -> int:
    """Raise the soft limit of open files to the hard one and return it; harmless to repeat."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return 1 << 30 if hard == resource.RLIM_INFINITY else hard


def fitting_width(width: int, *, descriptors: int) -> tuple[int, int]:
    """Return (width, connections) that fit: as wide as asked or as wide as can be; SetupError where not even one node fits.

    `connections` counts the nodes that are slow to dial as well, so it is all that the descriptors hold.
    """
    connections = (descriptors - _OWN_COUNT) // _PER_NODE_COUNT
    if connections < _LEAST_WIDTH:
        raise SetupError(
            f"the limit of open files is {descriptors}, too low for even one connection: raise it (ulimit -n) to at "
            f"least {_OWN_COUNT + _PER_NODE_COUNT * width} for a width of {width}"
        )
    return min(width, connections), connections
