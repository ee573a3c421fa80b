"""Reading what runs have written: without a loop, without a lock, and without believing a damaged line."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from aifctl.core.errors import SetupError
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from aifctl.fanout.journal_format import FACTS, FILE_KEY, JOURNAL, OUTPUT, Damage, Parsed, parse_journal
from aifctl.fanout.run_ids import resolve_run, run_folder
from aifctl.fanout.run_summary import RunState, RunSummary, has_writer, is_head, summary_of
from aifctl.ports.work import NodeResult, Output

#: What a node of a run is called that has no outcome: never started, or started by a writer that still lives.
NEVER_STARTED = "not-started"
RUNNING_NOW = "running"

_TEXT_KEYS = {"text", "base64"}
_PLACE_KEYS = {*_TEXT_KEYS, "file", "path"}
_TORN_START = re.compile(rb'\{"t":"start","node":("(?:[^"\\]|\\.)*")')
_LOST_MESSAGE = "started, and aifctl ended before it heard more: what it did is unknown"
_DAMAGED_MESSAGE = "the journal is damaged: whether it was started is unknown"


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run as its journal tells it.

    Attributes:
        head: what the verb put into the head: work, argv, selector, who, …, whole.
        nodes: the names it was for, in order of dispatch; `skipped` (name, reason) stand beside them.
        damage: stretches of the journal that can't be believed. Nodes without a record then count as lost, because
            nobody knows which records those were.
        reason: why dispatch ended early, in the engine's words; empty where it did not.
    """

    summary: RunSummary
    folder: Path
    head: Mapping[str, Any]
    nodes: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    damage: tuple[Damage, ...]
    reason: str
    starts: Mapping[str, float] = field(repr=False)
    ends: Mapping[str, Mapping[str, Any]] = field(repr=False)

    @property
    def run_id(self) -> str:
        return self.summary.run_id

    @property
    def state(self) -> RunState:
        return self.summary.state

    @cached_property
    def outcomes(self) -> Mapping[str, str]:
        """Node → its outcome, `not-started` or `running`, in order of dispatch; then the skipped ones."""
        outcomes = {name: self._outcome(name) for name in self.nodes}
        return outcomes | {name: Outcome.SKIPPED.value for name, _ in self.skipped}

    def sent(self, name: str) -> bool:
        """Tell whether something may have happened on a node: a command was sent, or nobody knows.

        A start without its command is possible: the run was ended between the two. Then its end has no `started_at`.
        """
        end = self.ends.get(name)
        if end is None:
            return name in self.starts or self.outcomes.get(name) == Outcome.LOST
        return "started_at" in end or end["outcome"] == Outcome.LOST

    def result(self, name: str) -> NodeResult | None:
        """Return a node's result, lost included; None while it has none. Output stays on the disk until it is read."""
        outcome = self.outcomes[name]
        if outcome in {NEVER_STARTED, RUNNING_NOW}:
            return None
        end = self.ends.get(name)
        if end is None:
            return self._without_end(name, Outcome(outcome))
        survivors = end.get("survivors", ())
        return NodeResult(
            node=name,
            outcome=Outcome(end["outcome"]),
            rc=end.get("rc"),
            signal=end.get("signal"),
            started_at=end.get("started_at", 0.0),
            duration_s=end.get("duration_s", 0.0),
            stdout=self._output(end.get("stdout")),
            stderr=self._output(end.get("stderr")),
            message=self._fact(end.get("message", "")) or ("its output was lost on a full disk" * ("slim" in end)),
            survivors=None if survivors is None else tuple(survivors),
            attempts=end.get("attempts", 1),
            detail=self._fact(end.get("detail", {})),
            trace=self._fact(end.get("trace", "")),
        )

    def _outcome(self, name: str) -> str:
        end = self.ends.get(name)
        if end is not None:
            return str(end["outcome"])
        if name in self.starts:
            return RUNNING_NOW if self.state is RunState.RUNNING else Outcome.LOST.value
        return Outcome.LOST.value if self.damage else NEVER_STARTED

    def _without_end(self, name: str, outcome: Outcome) -> NodeResult:
        if outcome is Outcome.SKIPPED:
            return NodeResult(node=name, outcome=outcome, message=dict(self.skipped)[name], attempts=0)
        message = _LOST_MESSAGE if name in self.starts else _DAMAGED_MESSAGE
        return NodeResult(node=name, outcome=outcome, started_at=self.starts.get(name, 0.0), message=message)

    @cached_property
    def _texts(self) -> Mapping[str, Mapping[str, Any]]:
        """Digest → the stream that holds the bytes; later ones with the same digest only name it."""
        texts: dict[str, Mapping[str, Any]] = {}
        for end in self.ends.values():
            for stream in (end.get("stdout"), end.get("stderr")):
                if stream and "truncated" not in stream and stream.keys() & _TEXT_KEYS:
                    texts[stream["sha256"]] = stream
        return texts

    def _output(self, stream: Mapping[str, Any] | None) -> Output:
        if stream is None:
            return Output()
        sha256 = stream["sha256"]
        kept = _inline(stream) if stream.keys() & _PLACE_KEYS else _inline(self._texts.get(sha256, {}))
        return Output(
            inline=kept,
            path=self._path(stream) if kept is None else None,
            bytes_count=stream["bytes"],
            truncated="truncated" in stream,
            sha256=sha256,
        )

    def _path(self, stream: Mapping[str, Any]) -> str:
        if "path" in stream:
            return str(self._fact(stream["path"]))
        return f"{self.folder}/{OUTPUT}/{stream.get('file', stream['sha256'])}"

    def _fact(self, value: Any) -> Any:
        return _read_aside(self.folder, value)


def read_run(state: StateDir, reference: str) -> RunRecord:
    """Read one run; UsageError where there is none of that name, SetupError where its head can't be read."""
    run_id = resolve_run(state, reference)
    folder = run_folder(state, run_id)
    try:
        alive = has_writer(folder / JOURNAL)  # before reading: one that ends in between has sealed what is read
        data = (folder / JOURNAL).read_bytes()
    except OSError as problem:
        raise SetupError(f"the journal of run {run_id} can't be read in {folder}: {problem.strerror}") from problem
    parsed = parse_journal(data)
    if not is_head(parsed.records):
        raise SetupError(
            f"the journal of run {run_id} in {folder} has no head that this aifctl can read; it can't be shown or resumed"
        )
    return _record(folder, parsed, len(data), alive=alive)


def names_of(state: StateDir, summary: RunSummary) -> tuple[str, ...]:
    """Return the nodes that a run was for, without the rest of its journal; SetupError where they can't be read."""
    return tuple(_read_aside(run_folder(state, summary.run_id), summary.facts["nodes"]))


def _record(folder: Path, parsed: Parsed, size_bytes: int, *, alive: bool) -> RunRecord:
    head, damage = parsed.records[0], parsed.damage
    starts = {record["node"]: record["at"] for record in parsed.records if record["t"] == "start"}
    ends = {record["node"]: record for record in parsed.records if record["t"] == "end"}
    stops = [record["reason"] for record in parsed.records if record["t"] == "stop"]
    seals = [record for record in parsed.records if record["t"] == "seal"]
    cut_off = _TORN_START.match(parsed.torn)
    if cut_off:  # whether the command behind it was sent nobody knows; it is not "never started"
        try:
            starts.setdefault(json.loads(cut_off[1]), 0.0)
        except ValueError:  # not torn but corrupted, name and all
            length = len(parsed.torn)
            damage = (*damage, Damage(offset_bytes=size_bytes - length, length_bytes=length))
    facts = {key: _read_aside(folder, value) for key, value in head["facts"].items()}
    nodes, skipped = facts.pop("nodes"), facts.pop("skipped")
    return RunRecord(
        summary=summary_of(head, seals[-1] if seals else None, alive=alive),
        folder=folder,
        head=facts,
        nodes=tuple(nodes),
        skipped=tuple((name, why) for name, why in skipped),
        damage=damage,
        reason=stops[-1] if stops else "",
        starts=starts,
        ends=ends,
    )


def _inline(stream: Mapping[str, Any]) -> bytes | None:
    if "text" in stream:
        return str(stream["text"]).encode("utf-8")
    return base64.b64decode(stream["base64"]) if "base64" in stream else None


def _read_aside(folder: Path, value: Any) -> Any:
    if not (isinstance(value, dict) and value.keys() == {FILE_KEY}):
        return value
    path = folder / FACTS / value[FILE_KEY]
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as problem:
        raise SetupError(f"{path} can't be read, and the run's journal refers to it: {problem}") from problem
