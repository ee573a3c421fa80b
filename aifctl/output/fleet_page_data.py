"""What the page's script shows of a node when it is clicked: JSON-able, harmless, each place and each node once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aifctl.core.printable import printable_line
from aifctl.diagnosis.fleet_health import Condition, FindingHealth, FleetHealth, NodeHealth, Place
from aifctl.output.fleet_sentences import folded_incidents, incident_numbers, names_of
from aifctl.output.fleet_style import meaning_of
from aifctl.output.json_text import dumps

#: A kernel log line may be as long as it likes; a page of 6,250 nodes may not.
_LONGEST = 600


def page_data(health: FleetHealth, ordered: Sequence[NodeHealth]) -> Mapping[str, Any]:
    """Return the data; `ordered` are the nodes in the order of the map's cells."""
    places: dict[Place, int] = {}
    conditions = list(Condition)
    nodes = [
        [
            _text(node.node),
            conditions.index(node.condition),
            "off" if node.off else node.state,
            places.setdefault(node.place, len(places)),
            round(node.at_s),
            round(node.seen_at_s),
            _text(node.worst_check),
            _text(node.why),
            [_finding(one) for one in health.findings.get(node.node, ())],
            meaning_of(node),
        ]
        for node in ordered
    ]
    return {
        "at": round(health.at_s),
        "staleAfter": health.stale_after_s,
        "conditions": [condition.value for condition in conditions],
        "places": [_place(place) for place in places],
        "nodes": nodes,
        "incidents": [
            {
                "numbers": incident_numbers(alike),
                "nodes": [_text(name) for name in names_of(alike)],
                "text": _text(f"{alike[0].check}: {alike[0].message}"),
            }
            for alike in folded_incidents(health.incidents)
        ],
    }


def _place(place: Place) -> Mapping[str, Any]:
    told = {"rack": place.rack, "unit": str(place.unit or ""), "su": place.su, "hall": place.hall, "sku": place.sku}
    return {name: _text(value) for name, value in (told | {"feeds": ", ".join(place.feeds)}).items()}


def _finding(one: FindingHealth) -> Mapping[str, Any]:
    return {
        "check": _text(one.check),
        "subject": _text(one.subject),
        "code": _text(one.code),
        "result": one.result,
        "action": _text(one.action),
        "message": _text(one.message),
        "since": round(one.first_at_s),
        "observed": _value(one.observed),
        "expected": _value(one.expected),
        "source": _text(one.source),
    }


def _value(value: object) -> str:
    if value is None:
        return ""
    return _text(value if isinstance(value, str) else dumps(value))


def _text(text: str) -> str:
    whole = printable_line(text)
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…"
