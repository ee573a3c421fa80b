"""How a command shows itself: what the options that every command has say about it."""

from __future__ import annotations

from dataclasses import dataclass

#: What --color and --progress may say.
COLORS = ("auto", "always", "never")
PROGRESS = ("auto", "bar", "log", "json", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What -o, --color, --progress, -v, -q and --live say."""

    format: str = "table"
    color: str = "auto"
    progress: str = "auto"
    verbose: int = 0
    quiet: bool = False
    live: bool = False
