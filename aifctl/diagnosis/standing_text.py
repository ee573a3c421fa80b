"""Standing findings as JSON, and back. While nothing changes the text stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from aifctl.diagnosis.finding import REACHABILITY, Action, Finding, Result
from aifctl.diagnosis.standing import Standing
from aifctl.diagnosis.unreadable import UnreadableError

_DEFAULTS = {one.name: one.default for one in fields(Finding) if one.name not in {"node", "check", "subject", "facts"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFindings:
    """What is kept of one node's findings.

    Attributes:
        standing, past: as `aifctl.diagnosis.standing.Settled` has them.
        judged: the checks that the last look judged.
        ground: digest of what the checks that read facts alone were judged by (facts, profile, checks); equal: as before.
    """

    standing: tuple[Standing, ...] = ()
    past: tuple[Standing, ...] = ()
    judged: tuple[str, ...] = ()
    ground: str = ""


def render_findings(kept: NodeFindings, *, seen_at_s: float) -> bytes:
    """Return canonical JSON; `seen_at_s`, the time of the last look, is not in it where a finding was seen then."""
    body = {
        "standing": [_body(one, seen_at_s) for one in kept.standing],
        "past": [_body(one, seen_at_s) for one in kept.past],
        "judged": list(kept.judged),
        "ground": kept.ground,
    }
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode("ascii")


def parse_findings(text: bytes, *, node: str, seen_at_s: float) -> NodeFindings:
    """Return what was rendered; UnreadableError for anything else."""
    try:
        body = json.loads(text)
        return NodeFindings(
            standing=_standing(body["standing"], node, seen_at_s),
            past=_standing(body["past"], node, seen_at_s),
            judged=tuple(body["judged"]),
            ground=body["ground"],
        )
    except (ValueError, TypeError, KeyError) as problem:
        raise UnreadableError(f"the findings kept of {node} can't be read: {problem!r}") from problem


def render_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding JSON-able, its node left out, and what is as usual."""
    body = {name: getattr(finding, name) for name, usual in _DEFAULTS.items() if getattr(finding, name) != usual}
    facts = {"facts": dict(finding.facts)} if finding.facts else {}
    return {"check": finding.check, "subject": finding.subject, **body, **facts}


def parse_finding(body: Mapping[str, Any], *, node: str) -> Finding:
    """Return what `render_finding` made a body of; ValueError, KeyError or TypeError where it is none."""
    values = dict(body)
    values["result"] = Result(values["result"])
    values["action"] = Action(values.get("action", Action.NONE))
    return Finding(node=node, **values)


def _body(one: Standing, seen_at_s: float) -> dict[str, Any]:
    body: dict[str, Any] = {"finding": render_finding(one.finding), "first_at_s": one.first_at_s}
    if one.last_at_s != seen_at_s:
        body["last_at_s"] = one.last_at_s
    if one.finding.check == REACHABILITY:
        body["looks_count"] = one.looks_count
    if one.clean_count:
        body["clean_count"] = one.clean_count
    if one.returns_at_s:
        body["returns_at_s"] = list(one.returns_at_s)
    if one.stale:
        body["stale"] = True
    return body


def _standing(bodies: Iterable[Mapping[str, Any]], node: str, seen_at_s: float) -> tuple[Standing, ...]:
    return tuple(
        Standing(
            finding=parse_finding(body["finding"], node=node),
            first_at_s=body["first_at_s"],
            last_at_s=body.get("last_at_s", seen_at_s),
            looks_count=body.get("looks_count", 1),
            clean_count=body.get("clean_count", 0),
            returns_at_s=tuple(body.get("returns_at_s", ())),
            stale=body.get("stale", False),
        )
        for body in bodies
    )
