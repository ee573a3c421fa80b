"""What only one sweep may do at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import BusyError
from aifctl.health.alone import alone
from aifctl.ports.store_writes import By
from tests.fakes.toolbox import FakeToolbox, toolbox

PAT = By(who="pat")


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path)


def held(tools: FakeToolbox) -> list[str]:
    return [lease.scope for lease in tools.store.leases(at_s=tools.clock.now().timestamp())]


def test_the_lease_is_held_meanwhile_and_given_back_whatever_happens(tools: FakeToolbox) -> None:
    seen: list[str] = []

    def fail() -> None:
        with alone(tools.store, "one", PAT, purpose="trying", for_s=60):
            seen.extend(held(tools))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (seen, held(tools)) == (["one"], [])


def test_whoever_is_second_waits_and_then_says_who_is_at_it(tools: FakeToolbox) -> None:
    waits: list[float] = []
    with (
        alone(tools.store, "one", PAT, purpose="trying", for_s=60),
        pytest.raises(BusyError, match="pat"),
        alone(tools.store, "one", By(who="sue"), purpose="trying", for_s=60, pause=waits.append),
    ):
        pass
    assert sum(waits) == 9.0
