"""Shell patterns: *, ?, [...] against names of files and against text."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from functools import lru_cache

from aifctl.sim.node.disk import Directory
from aifctl.sim.shell.context import CommandError, Shell

_ACTIVE = re.compile(r"[*?]|\[(?![*?\[]\])")
#: Cutting by pattern tries every length.
_LONGEST_CUT = 4096
_MOST_NAMES = 10_000


def escape(text: str) -> str:
    """Return the pattern that matches this text and nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", text)


def is_pattern(text: str) -> bool:
    return bool(_ACTIVE.search(text))


def matches(pattern: str, text: str) -> bool:
    return bool(_compiled(pattern).match(text))


def cut(operator: str, pattern: str, text: str) -> str:
    """Apply # ## % or %%: take away the shortest or longest matching beginning or end."""
    if len(text) > _LONGEST_CUT:
        raise CommandError(f"a text of {len(text)} characters is too long for ${{…{operator}…}} on a simulated node")
    lengths = range(len(text) + 1)
    for length in lengths if len(operator) == 1 else reversed(lengths):
        if operator[0] == "#" and matches(pattern, text[:length]):
            return text[length:]
        if operator[0] == "%" and matches(pattern, text[len(text) - length :]):
            return text[: len(text) - length]
    return text


def paths(shell: Shell, pattern: str) -> list[str]:
    """Return the paths that match, in order; none where there are none."""
    found = ["/" if pattern.startswith("/") else ""]
    for part in [part for part in pattern.split("/") if part]:
        found = [posixpath.join(base, name) for base in found for name in _names(shell, base, part)][:_MOST_NAMES]
    return found


def _names(shell: Shell, base: str, part: str) -> list[str]:
    directory = shell.disk.lookup(shell.path(base or "."))
    if not isinstance(directory, Directory):
        return []
    hidden = part.startswith(".")
    return sorted(name for name in directory.entries if matches(part, name) and (hidden or not name.startswith(".")))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern.replace("[!", "[!")))
