"""A fleet's health as one page that needs nothing beside itself: no network, no other file, and without scripts still a report.

Whatever comes from nodes or from the inventory is text: escaped by Jinja in HTML, escaped again in the script's data, put
into the page as text alone by the script; and its policy (CSP) runs no other script than ours, by its hash.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from aifctl.core.printable import printable_line
from aifctl.diagnosis.fleet_health import CONDITION_RANK, Condition, FleetHealth, IncidentHealth, NodeHealth
from aifctl.output.ages import show_age, show_time
from aifctl.output.fleet_map import letters, map_halls
from aifctl.output.fleet_page_data import page_data
from aifctl.output.fleet_sentences import (
    counted,
    folded_incidents,
    headline,
    incident_facts,
    incident_numbers,
    incident_place,
    names_of,
    nodes_of,
    reason_of,
    why_of,
)
from aifctl.output.fleet_style import LETTERS, letter_of, meaning_of
from aifctl.output.json_text import iso_time

#: Of nodes that are not ok so many stand in the table that is there without scripts; the map has all.
_MOST_SICK = 1000
_LONGEST_NODESET = 120


def render_page(health: FleetHealth, *, generated_at: Any, origin: str = "") -> Iterator[str]:
    """Yield the page. `generated_at`: aware UTC. `origin`: the inventory, as a person would name it."""
    halls = list(map_halls(health))
    ordered = [node for _, rows in halls for row in rows for rack in row.racks for node in rack]
    style, script = _part("fleet.css"), _part("fleet.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.finalize = _harmless
    yield from environment.from_string(_part("fleet.html")).generate(
        title=f"{len(health.nodes)} nodes, {health.counts[Condition.OK]} ok",
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        data=Markup(_script_json(page_data(health, ordered))),  # noqa: S704  nothing in it ends a script
        generated_at=iso_time(generated_at),
        generated_text=f"{generated_at:%Y-%m-%d %H:%M:%S} UTC",
        origin=origin,
        nodes_count=f"{len(health.nodes):,}",
        counts=[
            {"condition": one.value, "letter": LETTERS[one], "text": f"{count:,}"} for one, count in counted(health)
        ],
        headline=list(headline(health)),
        incidents_count=len(health.incidents),
        incidents=[_incident(alike, health.at_s) for alike in folded_incidents(health.incidents)],
        changes=[_change(one) for one in health.changes],
        legend=list(_legend(health)),
        halls=[{"name": name, "rows": [_row(row.label, row.racks) for row in rows]} for name, rows in halls],
        **_sick(ordered, health),
    )


def _part(name: str) -> str:
    return files("aifctl.output").joinpath("page", name).read_text("utf-8")


def _hash(text: str) -> str:
    """Return what names an inline style or script in the page's policy."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _harmless(value: Any) -> Any:
    """Make control characters and what reorders text visible; escaping HTML is Jinja's."""
    return printable_line(value) if type(value) is str else value


def _script_json(value: Any) -> str:
    """Return JSON that can stand in a script element: in ASCII, and without what could end it or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _incident(alike: Sequence[IncidentHealth], at_s: float) -> Mapping[str, Any]:
    one, names = alike[0], names_of(alike)
    since, *status = incident_facts(one, at_s)
    return {
        "numbers": incident_numbers(alike).removeprefix("#"),
        "result": one.result,
        "condition": one.result if one.result in set(Condition) else Condition.UNKNOWN.value,
        "where": incident_place(one) if len(alike) == 1 else "single nodes",
        "check": one.check,
        "nodes": _cut(nodes_of(names)) if names else "-",
        "since": since.removeprefix("since "),
        "since_at": show_time(one.opened_at_s).removesuffix(" UTC") + "Z",
        "action": one.action,
        "message": one.message,
        "status": ", ".join(fact for fact in status if not fact.startswith("action ")),
        "handled": one.handled,
    }


def _change(one: Any) -> Mapping[str, Any]:
    return {
        "kind": one.kind.value,
        "result": one.result,
        "condition": one.result if one.result in set(Condition) else Condition.UNKNOWN.value,
        "check": one.check,
        "message": one.message,
        "nodes": _cut(nodes_of(one.nodes)),
    }


def _legend(health: FleetHealth) -> Iterator[Mapping[str, Any]]:
    for letter, (node, count) in letters(health.nodes).items():
        yield {
            "letter": letter,
            "condition": node.condition.value,
            "drained": node.drained,
            "meaning": meaning_of(node),
            "text": f"{count:,}",
        }


def _row(label: str, racks: Sequence[Sequence[NodeHealth]]) -> Mapping[str, Any]:
    return {"label": label, "racks": [[_cell(node) for node in rack] for rack in racks]}


def _cell(node: NodeHealth) -> Mapping[str, Any]:
    why = "" if node.condition is Condition.OK else f" {why_of(node)}"
    return {
        "condition": node.condition.value,
        "drained": node.drained,
        "letter": letter_of(node),
        "title": f"{node.node}: {meaning_of(node)}{why}",
    }


def _sick(ordered: Sequence[NodeHealth], health: FleetHealth) -> Mapping[str, Any]:
    found = [(index, node) for index, node in enumerate(ordered) if node.condition is not Condition.OK]
    found.sort(key=lambda one: -CONDITION_RANK[one[1].condition])
    rows = [
        {
            "index": index,
            "name": node.node,
            "condition": node.condition.value,
            "state": "off" if node.off else node.state,
            "rack": node.place.rack or "-",
            "age": f"{show_age(health.at_s - node.at_s)} ago" if node.at_s else "never",
            "why": reason_of(node, health) or "left out on purpose",
        }
        for index, node in found[:_MOST_SICK]
    ]
    return {"sick": rows, "more": len(found) - len(rows)}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NODESET else f"{text[:_LONGEST_NODESET]}…"
