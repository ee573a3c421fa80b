"""A fleet's health in Markdown, for tickets and chats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from aifctl.core.printable import printable_line
from aifctl.core.report import Head, Item, Report
from aifctl.diagnosis.fleet_groups import By, grouped
from aifctl.diagnosis.fleet_health import Condition, FleetHealth
from aifctl.output.ages import show_age
from aifctl.output.fleet_map import map_lines
from aifctl.output.fleet_sentences import (
    change_sentence,
    counted,
    folded_incidents,
    headline,
    incident_facts,
    incident_numbers,
    incident_title,
    reason_of,
    worst_of,
)
from aifctl.output.format import Writing
from aifctl.output.markdown import cells, escaped, fenced, table
from aifctl.output.style import Style
from aifctl.output.terminal import TerminalFacts


@dataclass(slots=True, kw_only=True)
class FleetMarkdown:
    """The Writing behind both drawings."""

    is_map: bool = False
    _by: By = By.STATE

    def open(self, head: Head) -> Iterator[str]:
        self._by = By(str(head.facts.get("by") or By.STATE))
        yield from ()

    def item(self, _item: Item) -> Iterator[str]:
        yield from ()

    def close(self, report: Report) -> Iterator[str]:
        health = report.view
        if not isinstance(health, FleetHealth):
            return
        told = ", ".join(f"{count:,} {condition}" for condition, count in counted(health))
        yield f"**{len(health.nodes):,} nodes: {told}**\n\n"
        for sentence in headline(health):
            text = _text(sentence.text)
            yield f"- {f'**{text}**' if sentence.alarming else text}\n"
        if self.is_map:
            yield f"\n{fenced(list(map_lines(health, Style(TerminalFacts()))))}"
            return
        yield from _incidents(health)
        yield from _changes(health)
        yield f"\n{_nodes(health) if self._by is By.NODE else _groups(health, self._by)}"


def _incidents(health: FleetHealth) -> Iterator[str]:
    rows = [
        cells([incident_numbers(alike), one.result, incident_title(alike), one.message, ", ".join(facts)])
        for alike in folded_incidents(health.incidents)
        for one in alike[:1]
        for facts in [incident_facts(one, health.at_s)]
    ]
    if rows:
        yield f"\n#### {len(health.incidents):,} open incidents\n\n"
        yield table(["incident", "result", "where", "what", "state"], rows)


def _changes(health: FleetHealth) -> Iterator[str]:
    if health.changes:
        yield "\n#### Since the sweep before\n\n"
    for one in health.changes:
        yield f"- {one.kind}: {_text(change_sentence(one))}\n"


def _groups(health: FleetHealth, by: By) -> str:
    present = [condition for condition in Condition if health.counts[condition]]
    rows = [
        cells([group.value, str(len(group.nodes)), *(str(group.counts[one]) for one in present), worst_of(group)])
        for group in grouped(health, by)
    ]
    right = [False, True, *([True] * len(present))]
    return table([by.value, "nodes", *(condition.value for condition in present), "worst"], rows, right=right)


def _nodes(health: FleetHealth) -> str:
    rows = [
        cells(
            [
                node.node,
                node.condition.value,
                node.state,
                node.place.rack,
                reason_of(node, health),
                _age(node.seen_at_s, health),
            ]
        )
        for node in health.nodes
        if node.condition is not Condition.OK
    ]
    return table(["node", "result", "state", "rack", "why", "seen"], rows)


def _age(at_s: float, health: FleetHealth) -> str:
    return f"{show_age(health.at_s - at_s)} ago" if at_s else ""


def _text(text: str) -> str:
    return escaped(printable_line(text))


def drawings() -> Mapping[str, Callable[[], Writing]]:
    """Return how each drawing is made."""
    return {"fleet": FleetMarkdown, "map": lambda: FleetMarkdown(is_map=True)}
