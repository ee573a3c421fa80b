"""From what one node said to what will be kept of it: opened, read, judged against what is kept of it already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl import __version__
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable_line
from aifctl.core.tracebacks import trace_of
from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.examining import Examiner, Kept, Look
from aifctl.diagnosis.finding import Finding, Result
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.memory_text import parse_memory, render_memory
from aifctl.diagnosis.muting import Muting
from aifctl.diagnosis.peers import Spread
from aifctl.diagnosis.standing import Standing
from aifctl.diagnosis.standing_text import NodeFindings, parse_findings, render_finding, render_findings
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.profile import Profile
from aifctl.health.standing_rows import finding_of
from aifctl.ports.store_rows import FindingRow, NodeRow
from aifctl.ports.store_writes import FindingChange, NodeLook
from aifctl.ports.work import NodeResult, Output
from aifctl.survey.envelope import open_envelope
from aifctl.survey.reading import read_envelope

#: Nobody looked: by our own doing. What stood of the node stands, and ages.
NOT_LOOKED = frozenset({Outcome.CANCELLED, Outcome.SKIPPED, Outcome.LOCAL})
#: The node was reached; what it did then tells nothing of its health.
_REACHED = frozenset(
    {Outcome.OK, Outcome.EXIT, Outcome.SIGNALLED, Outcome.TIMEOUT, Outcome.LOST, Outcome.UNREADABLE, Outcome.UNKNOWN}
)
_MOST_MESSAGE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One node after its look.

    Attributes:
        kept: what the store is handed.
        look: what it came to.
        gpu_count: None where the GPUs were not read. driver_version: "" where it was not told.
        trace: of a bug of ours; "" where there was none.
    """

    kept: NodeLook
    look: Look
    gpu_count: int | None = None
    driver_version: str = ""
    trace: str = ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What stands now, worst first."""
        return self.look.settled.verdict.findings


class Looker:
    """Judges results by one fleet, one set of checks and what the store keeps, as it was when the sweep began.

    Args:
        rows: node → its newest look, with bodies.
        standing: node → its findings that stand; asked where a look's own memory of them can't be read.
        profile_of: SKU → profile; None where none is known.
        mutes: those that hold.
        peers_of: SKU → what its nodes measured before (peers_before).
        tell: takes sentences for the operator.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        checks: Sequence[Check],
        rows: Mapping[str, NodeRow],
        standing: Callable[[str], Iterable[FindingRow]],
        profile_of: Callable[[str | None], Profile | None],
        mutes: Sequence[Muting],
        peers_of: Callable[[str | None], Mapping[str, Spread]],
        probe: str,
        tell: Callable[[str], None],
    ) -> None:
        self._fleet, self._rows, self._profile_of, self._mutes, self._probe = fleet, rows, profile_of, mutes, probe
        self._standing, self._peers_of, self._tell = standing, peers_of, tell
        self._examiner = Examiner(checks, version=__version__)
        self._sku = fleet.attribute("sku")

    def look(self, result: NodeResult, *, at_s: float) -> Looked | None:
        """Return what a result comes to; None where nobody looked. A bug of ours in here is this node's `unknown`."""
        if result.outcome in NOT_LOOKED:
            return None
        row = self._rows.get(result.node)
        kept = Kept()
        try:
            kept = self._kept(row, result.node)
            if result.outcome is Outcome.OK:
                return self._read(result, kept, row, at_s)
            return self._missed(result.node, result.outcome.value, result.message, kept, row, at_s)
        except UnreadableError as problem:
            return self._missed(result.node, Outcome.UNREADABLE.value, str(problem), kept, row, at_s)
        except Exception as bug:  # noqa: BLE001 - one node's trouble: it is unknown, with a traceback, and the sweep goes on
            sentence = f"a bug of ours while judging it: {type(bug).__name__}: {bug}"
            missed = self._missed(result.node, Outcome.UNKNOWN.value, sentence, kept, row, at_s)
            return Looked(kept=missed.kept, look=missed.look, trace=trace_of(bug))

    def _kept(self, row: NodeRow | None, node: str) -> Kept:
        """Return what is kept of a node; what of it can't be read is made of the rest of the store, or begins anew."""
        if row is None:
            return Kept()
        try:
            findings = parse_findings(row.findings, node=node, seen_at_s=row.at_s) if row.findings else NodeFindings()
        except UnreadableError as problem:
            self._tell(f"{problem}; what the store has of them is taken instead")
            findings = NodeFindings(standing=tuple(map(_recalled, self._standing(node))))
        try:
            memory = parse_memory(row.memory, seen_at_s=row.seen_at_s) if row.memory else Memory()
        except UnreadableError as problem:
            self._tell(f"{node}: {problem}; its counters begin anew, and its kernel's log is read from the boot on")
            memory = Memory()
        return Kept(findings=findings, memory=memory, facts_digest=row.facts_digest, seen_at_s=row.seen_at_s)

    def _read(self, result: NodeResult, kept: Kept, row: NodeRow | None, at_s: float) -> Looked:
        envelope = open_envelope(bytes_of(result.stdout), node=result.node, probe=self._probe)
        reading = read_envelope(envelope, node=result.node, at_s=at_s)
        sku = self._sku(result.node)
        look = self._examiner.examine(
            reading,
            kept,
            self._profile_of(sku),
            inventory_of(self._fleet, result.node),
            mutes=self._mutes,
            peers=self._peers_of(sku),
        )
        gpu = reading.gpu
        driver = gpu.driver_version if gpu else Absent.MISSING
        return Looked(
            kept=_node_look(look, row, kept.memory, outcome=Outcome.OK.value, message="", boot_id=reading.boot_id),
            look=look,
            gpu_count=len(gpu.gpus) if gpu else None,
            driver_version="" if isinstance(driver, Absent) else driver,
        )

    def _missed(self, node: str, outcome: str, message: str, kept: Kept, row: NodeRow | None, at_s: float) -> Looked:
        result = Result.UNKNOWN if outcome in _REACHED else Result.UNREACHABLE
        said = printable_line(message)[:_MOST_MESSAGE]
        look = self._examiner.miss(node, kept, at_s=at_s, outcome=outcome, message=said, result=result)
        return Looked(kept=_node_look(look, row, kept.memory, outcome=outcome, message=said), look=look)


def inventory_of(fleet: Fleet, name: str) -> Mapping[str, str]:
    """Return what is said of a node, as checks ask for it (diagnosis.check.Case.inventory)."""
    node = fleet.node(name)
    said = {"name": name, "address": node.endpoint.address, "sku": node.sku or "", "state": node.state.value}
    said |= {f"serial.{part}": serial for part, serial in node.serials}
    return {key: value for key, value in said.items() if value}


def bytes_of(output: Output) -> bytes:
    """Return what was kept of a stream."""
    if output.inline is not None:
        return output.inline
    return Path(output.path).read_bytes() if output.path else b""


def _recalled(row: FindingRow) -> Standing:
    return Standing(finding=finding_of(row), first_at_s=row.first_at_s, last_at_s=row.first_at_s)


def _node_look(
    look: Look, row: NodeRow | None, before: Memory, *, outcome: str, message: str, boot_id: str = ""
) -> NodeLook:
    packed = look.packed
    findings = render_findings(look.findings, seen_at_s=look.at_s)
    worst = next((one.check for one in look.settled.verdict.findings), "")
    # What the store has of it already would be a tenth of what a look adds to the log.
    news = packed if packed and not (row and row.facts_digest == packed.digest) else None
    return NodeLook(
        node=look.node,
        at_s=look.at_s,
        outcome=outcome,
        result=look.result.value,
        message=message,
        answered=packed is not None,
        worst_check=worst,
        boot_id="" if row and row.boot_id == boot_id else boot_id,
        facts_digest=news.digest if news else "",
        facts=news.facts if news else None,
        moving=packed.moving if packed else None,
        memory=_memory(look.memory, row, before),
        findings=None if row and row.findings == findings else findings,
        changes=_changes(look),
        after_s=row.at_s if row else 0.0,
    )


def _memory(memory: Memory | None, row: NodeRow | None, before: Memory) -> bytes | None:
    """Return what the store is to remember instead of what it does; `before` is what it remembers, as far as it was read."""
    if memory is None or (row and row.memory and before.boot_id and memory.says_as_much_as(before)):
        return None
    rendered = render_memory(memory)
    return None if row and row.memory == rendered else rendered


def _changes(look: Look) -> tuple[FindingChange, ...]:
    settled = look.settled
    return (
        *(_told(FindingChange.OPENED, one) for one in settled.opened),
        *(_told(FindingChange.CHANGED, one) for one in settled.changed),
        *(
            FindingChange(
                kind=FindingChange.CLEARED,
                check=one.finding.check,
                subject=one.finding.subject,
                code=one.finding.code,
            )
            for one in settled.cleared
        ),
    )


def _told(kind: str, one: Standing) -> FindingChange:
    finding = one.finding
    return FindingChange(
        kind=kind,
        check=finding.check,
        subject=finding.subject,
        code=finding.code,
        result=finding.result.value,
        action=finding.action.value,
        message=finding.message,
        identity=finding.identity,
        evidence=evidence_of(finding),
    )


#: What a finding's own row says beside its evidence.
_COLUMNS = frozenset({"check", "subject", "code", "result", "action", "message", "identity"})


def evidence_of(finding: Finding) -> dict[str, Any]:
    """Return what the store keeps beside a finding's columns: observed, expected, source, facts and so on."""
    return {key: value for key, value in render_finding(finding).items() if key not in _COLUMNS}
