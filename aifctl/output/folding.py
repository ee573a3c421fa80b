"""Nodes with the same output, code and outcome share one group; the streams' digests decide, no byte is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.outcome import Outcome
from aifctl.core.report import Item
from aifctl.output.json_text import dumps
from aifctl.ports.work import Output

_ORDER = {Outcome.OK: 2, Outcome.SKIPPED: 1}


@dataclass(slots=True, kw_only=True)
class Group:
    """Nodes to which the same happened.

    Attributes:
        first: one item of them, whose streams stand for all.
        names: their names, in order of arrival.
        messages: (name, message) of those that have one; they differ in addresses, so they don't split groups.
        survivors: (name, process ids) of those on which something outlived KILL.
        details: what the work says beside its output (files written, keys seen), each once.
        unsure: names of those for which that could not be learnt.
    """

    first: Item
    names: list[str] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    survivors: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    details: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.first["outcome"])

    @property
    def status(self) -> str:
        """The outcome with its code or signal: `exit 2`, `signalled KILL`, `connect-timeout`."""
        more = self.first.get("rc") if self.outcome is Outcome.EXIT else self.first.get("signal")
        return self.outcome if more is None else f"{self.outcome} {more}"

    def stream(self, key: str) -> Output | None:
        """Return a stream that all of them sent; None where it is not kept."""
        output = self.first.get(key)
        return output if isinstance(output, Output) else None


class Folding:
    """Gathers items into groups, each node in exactly one."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Any, ...], Group] = {}

    def add(self, item: Item) -> None:
        """Put one item into its group."""
        key = _key(item)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(first=item)
        name = str(item["node"])
        group.names.append(name)
        if item.get("message"):
            group.messages.append((name, str(item["message"])))
        if item.get("detail"):
            group.details[dumps(item["detail"])] = item["detail"]
        if item.get("survivors"):
            group.survivors.append((name, tuple(item["survivors"])))
        elif "survivors" in item and item["survivors"] is None:
            group.unsure.append(name)

    def groups(self) -> list[Group]:
        """Return outliers first: failures before skips before ok, and the fewer nodes the earlier."""
        return sorted(self._groups.values(), key=lambda group: (_ORDER.get(group.outcome, 0), len(group.names)))


def fold_items(items: Iterable[Item]) -> list[Group]:
    """Return the groups of items that are all there."""
    folding = Folding()
    for item in items:
        folding.add(item)
    return folding.groups()


def _key(item: Item) -> tuple[Any, ...]:
    return (
        item["outcome"],
        item.get("rc"),
        item.get("signal"),
        *(
            (output.sha256, output.truncated) if isinstance(output, Output) else None
            for output in (item.get("stdout"), item.get("stderr"))
        ),
    )
