"""What the probe tells of a simulated node's kernel log: the boot's lines, the same on every node, and its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from aifctl.onnode.probe.kernel_sources import place
from aifctl.onnode.probe.kernel_words import Kept, is_telling
from aifctl.sim.hardware.kernel_log import KernelLog, Line
from aifctl.sim.hardware.node import healthy_log

_Told = tuple[int, int, str]


def fill_kernel(
    data: dict[str, Any], log: KernelLog, *, boot_id: str, booted_s: int, arguments: Mapping[str, Any]
) -> None:
    """Put into the section's data what this node's kernel has said since the cursor that the probe was given."""
    asked = arguments.get("cursor", "")
    after = place(asked if isinstance(asked, str) else "", "kmsg", boot_id)
    before = int(after) if after.isdigit() else -1
    last = len(log.lines) - 1
    boot = healthy_log()
    own = log.lines[len(boot.lines) :]
    lines = [told for number, told in _telling_of_boot() if number > before]
    dropped, whole = 0, True
    if own:
        lines, dropped, whole = _kept(lines, own[max(0, before + 1 - len(boot.lines)) :])
    data.update(
        cursor=f"kmsg:{boot_id}:{max(last, before)}", lines=lines, looked=max(0, last - before), dropped=dropped,
        complete=whole, booted_s=float(booted_s),
    )  # fmt: skip


@cache
def _telling_of_boot() -> tuple[tuple[int, _Told], ...]:
    """Return number and line of those lines of a healthy boot that the probe picks out."""
    return tuple(
        (number, (round(line.at_s * 1e6), line.level, line.text))
        for number, line in enumerate(healthy_log().lines)
        if is_telling(line.text.encode())
    )


def _kept(boot: Sequence[_Told], own: Sequence[Line]) -> tuple[list[_Told], int, bool]:
    """Return what travels of a storm, how many lines do not, and whether of each kind one does."""
    kept = Kept()
    for at_us, level, text in boot:
        kept.add(at_us, level, text.encode())
    for line in own:
        if is_telling(line.text.encode()):
            kept.add(round(line.at_s * 1e6), line.level, line.text.encode())
    return kept.result()
