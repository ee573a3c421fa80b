"""Jump hosts' health over chains: a chain is as healthy as its least healthy part."""

from __future__ import annotations

from pathlib import Path

from aifctl.core.hop_health import HopHealth


def health() -> HopHealth:
    return HopHealth(None, now=lambda: 1000.0)


def test_a_chain_is_as_bad_as_its_first_hop() -> None:
    remembered = health()
    remembered.failed("a")
    assert remembered.order(["a,b", "c,b"]) == ["c,b", "a,b"]
    assert remembered.resting("a, b")
    assert not remembered.resting("c,b")


def test_a_last_hop_that_fails_behind_one_hop_is_not_bad_behind_another() -> None:
    remembered = health()
    remembered.failed("a,b")
    assert remembered.order(["a,b", "c,b"]) == ["c,b", "a,b"]
    assert remembered.order(["a", "c"]) == ["a", "c"]


def test_a_chain_that_works_forgives_all_its_parts(tmp_path: Path) -> None:
    file = tmp_path / "health"
    remembered = HopHealth(str(file))
    remembered.failed("a")
    remembered.failed("a,b")
    remembered.worked("a,b")
    assert HopHealth(str(file)).order(["a", "c"]) == ["a", "c"]
