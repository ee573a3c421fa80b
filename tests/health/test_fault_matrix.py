"""Every kind of fault on twenty nodes each of a fleet of 6,250, with the commands themselves: `make soak`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.faults import measure
from tests.health.planted_faults import plan, usual_wide

pytestmark = [pytest.mark.ssh, pytest.mark.soak, pytest.mark.scale, pytest.mark.timeout(900)]

_NODES_COUNT, _EACH = 6250, 20


def test_each_fault_is_found_on_every_node_and_nothing_is_said_of_healthy_ones(tmp_path: Path) -> None:
    planned = plan(_NODES_COUNT, each=_EACH, wide=usual_wide(_NODES_COUNT))
    matrix = measure(tmp_path, planned, nodes_count=_NODES_COUNT)
    sys.stdout.write(matrix.text())
    assert matrix.broken == []
