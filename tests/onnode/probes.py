"""Running parts of the probe in these tests: sections made up, processes that can't be ended made believe."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aifctl.onnode.probe.frame import Section, run_sections
from aifctl.onnode.probe.stuck import Processes, Stuck

#: Long enough for a section that answers at once on a busy machine.
PLENTY_S = 20.0
#: Where a hang is what is tried.
LITTLE_S = 0.2


@dataclass
class FakeProcesses(Processes):
    """The kernel's processes, and some that nothing ends: (pid, start) by the group they belong to."""

    immortal: dict[int, str] = field(default_factory=dict)
    groups: list[int] = field(default_factory=list)
    leaves: bool = False

    def start_of(self, pid: int) -> str:
        return self.immortal.get(pid) or super().start_of(pid)

    def in_group(self, group: int) -> bool:
        if self.leaves and group not in self.groups:
            self.groups.append(group)
            self.immortal[group] = f"{group}77"
        return group in self.groups or super().in_group(group)

    def members_of(self, group: int) -> list[int]:
        return [group] if group in self.groups else super().members_of(group)


def section(name: str, read: Callable[..., Any], limit_s: float = PLENTY_S, **limits: float) -> Section:
    return Section(name, read, limit_s, **limits)


def answers(
    sections: Sequence[Section], stuck: Stuck | None = None, arguments: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Run sections and return their answers, parsed."""
    found = run_sections(sections, "/", arguments or {}, stuck or Stuck("", "a-boot"))
    return {name: json.loads(one.text) for name, one in found.items()}


_OTHERS_CHILDREN: set[int] = set()


def count_children_from_now() -> None:
    _OTHERS_CHILDREN.clear()
    _OTHERS_CHILDREN.update(children_of_this_process())


def children_of_this_process() -> list[int]:
    """Return those that came since the test began."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in map(int, listed) if pid not in _OTHERS_CHILDREN]
