"""What the store keeps of a node, judged again: by other checks, another profile, without asking the node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.memory_text import parse_memory
from aifctl.fleet.profile import Profile
from aifctl.health.one_node import reading_of
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import NodeRow


def judge_again(
    row: NodeRow, reader: Reader, checks: Iterable[Check], profile: Profile | None, inventory: Mapping[str, str]
) -> Verdict | None:
    """Return what checks say of a node's newest answer; None where it never gave one.

    Nothing is settled: a finding that only flaps, or that a boot excuses, is in it as the check finds it.

    Args:
        row: with its bodies.
        reader: has the facts of that answer.
        checks: to judge by.
        profile: None where none is known.
        inventory: as `Case.inventory`.

    Raises:
        UnreadableError: what is kept can't be read.
    """
    reading = reading_of(row, reader)
    if reading is None:
        return None
    memory = parse_memory(row.memory, seen_at_s=row.seen_at_s) if row.memory else Memory()
    return judge(Case(reading=reading, profile=profile, memory=memory, inventory=inventory), checks)
