"""The last line that a node said: where a command fails, that is mostly why."""

from __future__ import annotations

from aifctl.core.printable import printable_line

_MESSAGE_KEPT = 300


def last_line(data: bytes) -> str:
    """Return it, fit to be printed; "" where there is none."""
    lines = data.decode("utf-8", "replace").strip().splitlines()
    return printable_line(lines[-1])[:_MESSAGE_KEPT] if lines else ""
