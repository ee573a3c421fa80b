from __future__ import annotations

import pytest

from tests.onnode import probes


@pytest.fixture(autouse=True)
def _children_of_others() -> None:
    """Other tests' servers may be children of this process: what a test of ours leaves behind is what came since."""
    probes.count_children_from_now()
