"""Lists of names as files and pipes hold them: one a line or folded, commas or white space between, # comments."""

from __future__ import annotations

import re

from aifctl.core.errors import NodeSetSyntaxError, UsageError
from aifctl.core.printable import printable_line
from aifctl.fleet.nodeset_ranges import MOST_NAMES, end_of_term, is_name, parse_pattern

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_BETWEEN = re.compile(r"[\s,]*")
_BYTE_ORDER_MARK = "\ufeff"


def parse_name_list(text: str, *, origin: str) -> list[str]:
    """Return the names of a list, as written; UsageError with file and line for what is neither name nor range.

    Args:
        text: e.g. "n[1-3] n7  # spare" or what `scontrol show hostnames` or `nodeset -e` print.
        origin: what to call it in an error: a path, or stdin.
    """
    names: list[str] = []
    origin = printable_line(origin)
    for number, line in enumerate(text.removeprefix(_BYTE_ORDER_MARK).splitlines(), start=1):
        try:
            names += _names_of(_COMMENT.sub("", line))
        except NodeSetSyntaxError as problem:
            raise UsageError(f"{origin}:{number}: {printable_line(str(problem))}") from problem
        if len(names) > MOST_NAMES:
            raise UsageError(f"{origin}:{number}: that would be more than {MOST_NAMES:,} names")
    return names


def _names_of(line: str) -> list[str]:
    names: list[str] = []
    at = _past_separators(line, 0)
    while at < len(line):
        end = end_of_term(line, at)
        if end == at or line[at] == "@":
            raise NodeSetSyntaxError(f"only names and ranges stand in a list, not {line[at]!r}", text=line, column=at)
        names += parse_pattern(line, at, end).names()
        if not is_name(names[-1]):
            raise NodeSetSyntaxError(f"{names[-1]!r} is not a name", text=line, column=at)
        at = _past_separators(line, end)
    return names


def _past_separators(line: str, start: int) -> int:
    match = _BETWEEN.match(line, start)
    return match.end() if match else start
