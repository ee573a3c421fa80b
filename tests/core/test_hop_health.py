"""Jump hosts' health: a hint that fades, is shared between runs, and never fails one."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.hop_health import HopHealth


def test_a_bad_memory_fades() -> None:
    now = 1000.0
    health = HopHealth(None, now=lambda: now)
    health.failed("a")
    assert health.order(["a", "b"]) == ["b", "a"]
    assert health.resting("a")
    now += 60
    assert not health.resting("a")
    now += 86_400
    assert health.order(["a", "b"]) == ["a", "b"]


def test_a_jump_host_that_works_again_is_forgiven() -> None:
    health = HopHealth(None, now=lambda: 1000.0)
    health.failed("a")
    health.worked("a")
    assert health.order(["a", "b"]) == ["a", "b"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"hops": 3}', '{"hops": {"a": 1}}'])
def test_a_damaged_health_file_is_forgotten(tmp_path: Path, content: str) -> None:
    file = tmp_path / "hops.json"
    file.write_text(content)
    assert HopHealth(str(file)).order(["a", "b"]) == ["a", "b"]


def test_what_one_run_learnt_the_next_one_knows(tmp_path: Path) -> None:
    file = str(tmp_path / "hops.json")
    HopHealth(file, now=lambda: 1000.0).failed("a")
    later = HopHealth(file, now=lambda: 1001.0)
    assert later.order(["a", "b"]) == ["b", "a"]
    later.worked("a")
    assert HopHealth(file, now=lambda: 1002.0).order(["a", "b"]) == ["a", "b"]


def test_a_memory_that_cant_be_written_fails_nothing(tmp_path: Path) -> None:
    health = HopHealth(str(tmp_path / "gone" / "hops.json"), now=lambda: 1000.0)
    health.failed("a")
    assert health.order(["a", "b"]) == ["b", "a"]
