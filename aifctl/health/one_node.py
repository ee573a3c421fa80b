"""The one node that a reading verb is about, and what is remembered of it; no node is asked."""

from __future__ import annotations

from aifctl.core.errors import UnknownNodeError, UsageError
from aifctl.diagnosis.packing import unpack
from aifctl.diagnosis.reading import Reading
from aifctl.dispatch.asked import Chosen
from aifctl.dispatch.selection import choose
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_fold import fold
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import NodeRow
from aifctl.ports.toolbox import Toolbox

_MOST_SHOWN = 8

NOTHING_YET = "nothing is remembered of any node yet: no sweep has run with this state directory"


def one_node(text: str, fleet: Fleet, tools: Toolbox) -> str:
    """Return the node that a selector names; UsageError where it is none or several.

    A node that has left the inventory counts as long as the store remembers it.
    """
    try:
        names = choose(Chosen(selector=text), fleet, tools)
    except UnknownNodeError:
        reader = tools.store_reader
        if reader and (reader.node_now(text) or reader.transitions([text])):
            tools.note(f"{text} is not in {fleet.origin or 'the inventory'} any more; this is what is remembered of it")
            return text
        raise
    if len(names) != 1:
        shown = fold(names) if len(names) <= _MOST_SHOWN else f"{fold(names[:3])}, …"
        raise UsageError(f"{text!r} is {len(names)} nodes ({shown}), and this is for one; for many: aifctl status")
    return names[0]


def reading_of(row: NodeRow, reader: Reader) -> Reading | None:
    """Return what the newest answer of a node told; None where it never gave one. UnreadableError for garbage."""
    facts = reader.facts(row.facts_digest) if row.facts_digest and row.moving else None
    return unpack(facts, row.moving, node=row.node) if facts and row.moving else None
