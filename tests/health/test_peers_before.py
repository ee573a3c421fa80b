"""What a sweep compares its numbers with: those that nodes of the same SKU told when they were last looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from aifctl.core.errors import BackendError
from aifctl.diagnosis.absent import CannotTellError
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.packing import pack
from aifctl.diagnosis.peers import Spread
from aifctl.diagnosis.reading import Reading, SectionName
from aifctl.health.peers_before import PeersBefore
from aifctl.ports.store_rows import NodeRow
from tests.health.gpu_cases import eight, gpu_checks, reading

SKUS = {"n1": "h100", "n2": "h100", "n3": "a100", "n4": "h100", "n5": "h100"}


class Kept:
    """A store in which four nodes have answered, one of them garbage, and one has not."""

    def __init__(self) -> None:
        self.packed = {
            name: pack(reading(eight(dram_corrected_volatile_count=count)))
            for name, count in (("n1", 8), ("n2", 0), ("n3", 10**6), ("n4", 0))
        }
        self.rows = {
            name: replace(_ROW, node=name, facts_digest=one.digest, moving=one.moving)
            for name, one in self.packed.items()
        }
        self.rows["n4"] = replace(self.rows["n4"], moving=b"[garbage")
        self.rows["n5"] = replace(self.rows["n1"], node="n5", outcome="connect-timeout")
        self.asked: list[str] = []
        self.told: list[str] = []

    def facts(self, digest: str) -> bytes | None:
        self.asked.append(digest)
        return next((one.facts for one in self.packed.values() if one.digest == digest), None)

    def peers(self, *checks: Check) -> PeersBefore:
        return PeersBefore(checks or gpu_checks(), self.rows, SKUS.get, self.facts, self.told.append)


_ROW = NodeRow(
    node="", sweep="s1", at_s=1000.0, seen_at_s=1000.0, outcome="ok", message="", result="ok", worst_check="",
    facts_digest="", boot_id="",
)  # fmt: skip


def test_nodes_of_the_same_sku_that_answered_are_the_peers_and_are_read_once() -> None:
    kept = Kept()
    peers = kept.peers()
    spreads = peers.of("h100")
    assert spreads["ecc-corrected"] == Spread(count=16, p50=0.0, p99=8.0)
    assert set(spreads) == {"ecc-corrected", "gpu-power", "gpu-temperature"}
    assert peers.of("h100") is spreads
    assert len(kept.asked) == 3
    assert peers.of("a100")["ecc-corrected"].p99 == 10**6


def test_what_is_of_no_kind_has_no_peers() -> None:
    kept = Kept()
    assert kept.peers().of(None) == kept.peers().of("") == {}
    assert kept.peers().of("b200") == {}


def measuring(name: str, *, fails: Exception) -> Check:
    def measure(_: Reading) -> Mapping[str, float]:
        raise fails

    return Check(
        name=name, about="", section=SectionName.GPU, subjects=lambda _: (), judge=lambda *_: (), measure=measure
    )


def test_a_measure_that_fails_is_said_and_costs_no_other_its_peers() -> None:
    kept = Kept()
    broken, blind = measuring("broken", fails=KeyError("x")), measuring("blind", fails=CannotTellError("it", "so"))
    assert set(kept.peers(broken, blind, *gpu_checks()).of("h100")) == {"ecc-corrected", "gpu-power", "gpu-temperature"}
    assert kept.told == ["the check broken compares with no peers: its measure failed (KeyError: 'x')"]


def test_a_store_that_has_gone_away_takes_the_peers_away_and_no_verdict() -> None:
    kept = Kept()

    def gone(_: str) -> bytes | None:
        raise BackendError("the store does not answer")

    peers = PeersBefore(gpu_checks(), kept.rows, SKUS.get, gone, kept.told.append)
    assert peers.of("h100") == peers.of("h100") == {}
    assert kept.told == ["nodes of SKU h100 are compared with no peers: the store does not answer"], (
        "once, not per node"
    )
