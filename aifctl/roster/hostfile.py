"""Hostfiles: names or addresses, one a line or folded, with an optional user and port."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import InventoryError, Mistake, UsageError
from aifctl.fleet.columns import Table
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset_order import natural_key
from aifctl.roster.kinds import parse_address, parse_node_name, parse_port, parse_user
from aifctl.roster.patterns import MAX_NAMES, BadValueError, expand_names

_MAX_BYTES = 64 << 20
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")
_ENTRY = re.compile(
    r"(?:(?P<user>[^@\s,]+)@)?(?:\[(?P<v6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\](?::(?P<v6port>\d+))?"
    r"|(?P<name>(?:[^\s,\[\]:]|\[[^\]:]*\])+)(?::(?P<port>\d+))?|(?P<bare6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: str
    address: str | None
    port: int | None
    user: str | None


def parse_hostfile(
    text: str, *, file: str, user: str | None = None, port: int | None = None, identity: tuple[str, ...] = ()
) -> tuple[Fleet, list[str]]:
    """Return the fleet and what to say of it (duplicates); InventoryError names every line that does not parse.

    One entry: name, user@name, name:port, [2001:db8::1]:port, r[01-12]n[1-4]; several on a line with commas or spaces;
    # begins a comment. What an entry says of user and port wins over the arguments.
    """
    entries: dict[str, _Entry] = {}
    repeated: dict[str, None] = {}
    mistakes: list[Mistake] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            for entry in _line_entries(line):
                if entries.setdefault(entry.name, entry) is not entry:
                    repeated[entry.name] = None
        except BadValueError as problem:
            mistakes.append(Mistake(file=file, line=number, message=str(problem)))
        if len(entries) > MAX_NAMES:
            raise InventoryError([Mistake(file=file, line=number, message=f"more than {MAX_NAMES:,} names")])
    if mistakes:
        raise InventoryError(mistakes)
    return _fleet(entries, file=file, user=user, port=port, identity=identity), _notices(file, repeated)


def read_hostfile_text(path: Path) -> tuple[str, float]:
    """Return a hostfile's text, and when it was last changed (0 for a pipe); UsageError where it can't be read or is not text."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
            facts = os.fstat(file.fileno())
    except OSError as problem:
        raise UsageError(f"the hostfile {path} can't be read: {problem.strerror}") from problem
    if len(data) > _MAX_BYTES:
        raise UsageError(f"the hostfile {path} is larger than {_MAX_BYTES >> 20} MiB")
    try:
        return data.decode("utf-8-sig"), facts.st_mtime if stat.S_ISREG(facts.st_mode) else 0.0
    except UnicodeDecodeError as problem:
        raise UsageError(f"the hostfile {path} is not UTF-8 text") from problem


def _line_entries(line: str) -> list[_Entry]:
    content = line.partition("#")[0].strip()
    if not content:
        return []
    if _PLAIN.fullmatch(content):  # the usual line, and the quick way: 50,000 of them in a tenth of a second
        return [_Entry(name=content, address=None, port=None, user=None)]
    items = re.split(r"[,\s]+(?![^\[\]]*\])", content)
    return [entry for item in items if item for entry in _item_entries(item)]


def _item_entries(item: str) -> list[_Entry]:
    match = _ENTRY.fullmatch(item)
    if not match:
        raise BadValueError(
            f"{item[:80]!r} is no entry; write name, user@name:port, [2001:db8::1]:22 or r[01-12]n[1-4]"
        )
    user = parse_user(match["user"]) if match["user"] else None
    typed = match["port"] or match["v6port"]
    port = parse_port(typed) if typed else None
    if v6 := match["v6"] or match["bare6"]:
        return [_Entry(name=parse_address(v6), address=v6, port=port, user=user)]
    return [
        _Entry(name=parse_node_name(name), address=None, port=port, user=user) for name in expand_names(match["name"])
    ]


def _fleet(
    entries: dict[str, _Entry], *, file: str, user: str | None, port: int | None, identity: tuple[str, ...]
) -> Fleet:
    ordered = [entries[name] for name in sorted(entries, key=natural_key)]
    columns: dict[str, list[Any]] = {
        "user": [entry.user or user for entry in ordered],
        "port": [entry.port or port for entry in ordered],
        "address": [entry.address for entry in ordered],
    }
    if identity:
        columns["identity"] = [identity] * len(ordered)
    filled = {field: values for field, values in columns.items() if any(values)}
    return Fleet(Table([entry.name for entry in ordered], filled), origin=f"hostfile {file}")


def _notices(file: str, repeated: Iterable[str]) -> list[str]:
    different = list(repeated)
    if not different:
        return []
    shown = ", ".join(different[:5]) + (f" and {len(different) - 5} more" if len(different) > 5 else "")  # noqa: PLR2004 - a line's worth
    return [f"{file} names {shown} more than once; the first entry of each counts"]
