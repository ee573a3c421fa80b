"""What the store keeps is enough to judge a node as the sweep did, and by another profile."""

from __future__ import annotations

from pathlib import Path

from aifctl.diagnosis.finding import Result
from aifctl.health.judging_again import judge_again
from aifctl.health.looking import inventory_of
from tests.health.simulated_night import checks, profile
from tests.health.swept_night import DEAD, swept_night

FAULTS = ("remap-failure@1", "ib-down:2@1", "power-brake:all@1", "pcie-downtrain@1", "gpu-lost@1", "ecc-sram@1")


def test_a_stored_look_is_judged_as_the_look_itself_was(tmp_path: Path) -> None:
    night = swept_night(tmp_path)
    night.sweep()
    night.night.plant(*FAULTS)
    night.sweep()
    store, fleet = night.tools.store, night.tools.fleet
    for row in store.nodes_now(bodies=True):
        verdict = judge_again(row, store, checks(), profile(), inventory_of(fleet, row.node))
        assert verdict is not None
        told = {(one["check"], one["subject"], one["code"], one["result"]) for one in night.items[row.node]["findings"]}
        assert {(one.check, one.subject, one.code or None, one.result.value) for one in verdict.findings} == told
        assert verdict.result.value == row.result


def test_without_a_profile_nothing_that_needs_one_is_clean(tmp_path: Path) -> None:
    night = swept_night(tmp_path, 1)
    night.sweep()
    (row,) = night.tools.store.nodes_now(bodies=True)
    verdict = judge_again(row, night.tools.store, checks(), None, {})
    assert verdict is not None
    assert verdict.result is Result.UNKNOWN


def test_a_node_that_never_answered_cannot_be_judged(tmp_path: Path) -> None:
    night = swept_night(tmp_path, 1)
    night.instead = dict.fromkeys(night.names, DEAD)
    night.sweep()
    (row,) = night.tools.store.nodes_now(bodies=True)
    assert judge_again(row, night.tools.store, checks(), profile(), {}) is None
