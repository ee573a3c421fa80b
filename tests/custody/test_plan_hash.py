"""The hash of a dry-run, and what is said where it no longer fits."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from aifctl.core.errors import RefusedError, UsageError
from aifctl.core.state_dir import StateDir
from aifctl.custody.plan_hash import PlannedAction, confirm_by_hash, remember_plan

PLAN = PlannedAction(
    verb="reboot",
    arguments={"force": False, "grace_s": 30},
    steps=("drain", "reboot"),
    names=("n1", "n2", "n3", "n10"),
)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    return StateDir(path=tmp_path)


def test_the_hash_does_not_depend_on_the_order_of_names_or_keys() -> None:
    other = PlannedAction(
        verb="reboot",
        arguments={"grace_s": 30, "force": False},
        steps=("drain", "reboot"),
        names=("n10", "n3", "n2", "n1", "n1"),
    )

    assert other.digest == PLAN.digest
    # A hash typed from last week's dry-run must still fit: this value never changes.
    assert PLAN.short == "664934940980"


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, verb="run"),
        replace(PLAN, arguments={"force": True, "grace_s": 30}),
        replace(PLAN, steps=("reboot", "drain")),
        replace(PLAN, names=("n1", "n2", "n3")),
        replace(PLAN, names=("n1,n2", "n3", "n10")),
    ],
)
def test_anything_that_matters_changes_the_hash(other: PlannedAction) -> None:
    assert other.digest != PLAN.digest


def test_the_hash_that_a_dry_run_printed_confirms_the_same_plan(state: StateDir) -> None:
    typed = remember_plan(state, PLAN)

    confirm_by_hash(state, PLAN, typed)
    confirm_by_hash(state, PLAN, f" {typed.upper()} ")
    confirm_by_hash(state, PLAN, PLAN.digest)

    assert len(typed) == 12


def test_a_hash_confirms_on_another_control_host_that_never_saw_the_dry_run(state: StateDir) -> None:
    confirm_by_hash(state, PLAN, PLAN.short)

    assert not (state.path / "plans").exists()


def test_nodes_that_came_and_went_since_are_named(state: StateDir) -> None:
    typed = remember_plan(state, PLAN)
    now = replace(PLAN, names=("n1", "n2", "n4", "n5", "n6"))

    with pytest.raises(RefusedError) as refused:
        confirm_by_hash(state, now, typed)

    assert str(refused.value) == (
        f"since the dry-run {typed} 3 came (n[4-6]), 2 went (n[3,10]); look at it with --dry-run again, its hash is "
        f"{now.short}"
    )


def test_other_arguments_or_steps_are_named(state: StateDir) -> None:
    typed = remember_plan(state, PLAN)

    with pytest.raises(RefusedError, match="the arguments and the steps changed; look"):
        confirm_by_hash(state, replace(PLAN, arguments={}, steps=()), typed)


def test_a_hash_of_no_dry_run_is_refused(state: StateDir) -> None:
    with pytest.raises(RefusedError, match="no dry-run with that hash is kept here"):
        confirm_by_hash(state, PLAN, "0" * 12)


@pytest.mark.parametrize("typed", ["", "abc", "x" * 12, "0" * 11, "0" * 65, "../../etc/passwd"])
def test_what_is_no_hash_is_a_usage_error(state: StateDir, typed: str) -> None:
    with pytest.raises(UsageError, match="--dry-run prints it"):
        confirm_by_hash(state, PLAN, typed)


def test_two_plans_with_the_same_twelve_digits_are_told_apart_by_what_was_shown(state: StateDir) -> None:
    typed = remember_plan(state, PLAN)
    shown = json.loads(PLAN.text()) | {"names": ["other"]}
    (state.path / "plans" / f"{typed}.json").write_text(json.dumps(shown))

    with pytest.raises(RefusedError, match="4 came"):
        confirm_by_hash(state, PLAN, typed)


def test_plans_are_private_and_the_newest_100_are_kept(state: StateDir) -> None:
    hashes = []
    for index in range(105):
        hashes.append(remember_plan(state, replace(PLAN, names=(f"n{index}",))))
        os.utime(state.path / "plans" / f"{hashes[-1]}.json", (index, index))
    last = remember_plan(state, PLAN)

    kept = {path.stem for path in (state.path / "plans").iterdir()}

    assert len(kept) == 100
    assert {last, hashes[-1]} <= kept
    assert hashes[0] not in kept
    assert {stat.S_IMODE(path.stat().st_mode) for path in (state.path / "plans").iterdir()} == {0o600}
