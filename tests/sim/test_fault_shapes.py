"""Faults of one shape are told apart by the constant that they differ in; what they do is tried in test_probe_faults.py."""

from __future__ import annotations

from typing import Any, cast

import pytest

from aifctl.sim.fault_shapes import failed_service, full_mount
from aifctl.sim.probing.told import Told


class _Node:
    """What a shape changes beneath the probe."""

    def __init__(self) -> None:
        self.host = self
        self.done: list[Any] = []

    def kill_service(self, unit: str) -> None:
        self.done.append(unit)

    def fill_something(self, mount: str, used: float) -> None:
        self.done.append((mount, used))


class _Told:
    """A probe's reply with one file system."""

    def __init__(self) -> None:
        self.mount = {"at": "/raid", "b": [1000, 800, 800], "f": [50, 40, 40]}

    def mounts(self, place: str) -> list[dict[str, Any]]:
        return [self.mount] if place == self.mount["at"] else []


def test_a_service_that_has_failed_is_the_one_that_was_named() -> None:
    node = _Node()
    kind = failed_service("it-dead", about="it has failed", unit="it.service")
    assert kind.beneath is not None
    kind.beneath(node, 0.0)
    assert (kind.name, node.done) == ("it-dead", ["it.service"])


@pytest.mark.parametrize(("counts", "left"), [("b", [1000, 100, 100]), ("f", [50, 5, 5])])
def test_a_file_system_is_full_of_what_is_counted_and_of_nothing_else(counts: str, left: list[int]) -> None:
    fill = cast("Any", _Node.fill_something)
    kind = full_mount("it-full", about="it is full", counts=counts, used=0.9, fill=fill)
    assert kind.patch is not None
    assert kind.beneath is not None
    assert kind.argument is not None
    assert kind.argument.default == "/"
    told, node, other = _Told(), _Node(), {"b": "f", "f": "b"}[counts]
    before = told.mount[other]
    kind.patch(cast("Told", told), "/raid")
    kind.beneath(node, "/raid")
    assert (told.mount[counts], told.mount[other], node.done) == (left, before, [("/raid", 0.9)])
