"""How many made-up examples a property is tried with: some in `make test`, AIFCTL_FUZZ times as many in `make soak`."""

from __future__ import annotations

import os


def examples(usual: int) -> int:
    """Return how many examples to try where `usual` are enough for every day."""
    return usual * int(os.environ.get("AIFCTL_FUZZ", "1"))
