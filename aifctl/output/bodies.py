"""What stands under a group's heading: messages, output, and what must be known about it. All of it printable."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable_line
from aifctl.fleet.nodeset import fold
from aifctl.output.cells import cell
from aifctl.output.folding import Group
from aifctl.output.streams import is_empty, printable_lines
from aifctl.output.tally import show_bytes
from aifctl.ports.work import Output

_DIGITS = re.compile(r"\d+")
_MOST_SURVIVORS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutting:
    """How much of a group a person is shown.

    Attributes:
        most_lines: of each stream; None shows all.
        longest: characters of a line; None shows all.
        overdrawn: of lines drawn several times (progress bars), show the last state.
        most_messages: different messages; None shows all.
        remedy: the command that shows the rest; `NODE` in it stands for the node.
    """

    most_lines: int | None = None
    longest: int | None = None
    overdrawn: bool = False
    most_messages: int | None = None
    remedy: str = ""


UNCUT = Cutting()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a body; `part` is message, detail, stdout, stderr or remark (ours about it)."""

    part: str
    text: str


def body_lines(group: Group, cutting: Cutting = UNCUT, *, streams: bool = True) -> Iterator[Line]:
    """Yield the lines under a group's heading; `streams` False leaves the output out, seen already."""
    yield from (Line("message", text) for text in _messages(group, cutting.most_messages))
    yield from (Line("detail", text) for text in _details(group))
    for key in ("stdout", "stderr") if streams else ():
        output = group.stream(key)
        if output is not None:
            yield from _stream_lines(key, output, group.names[0], cutting)
        elif key in group.first:
            yield Line("remark", f"{key} was kept and can't be read any more")
    yield from (Line("remark", text) for text in _survivors(group))


def is_silent(group: Group) -> bool:
    """Whether the nodes of a group sent nothing."""
    return all(output is None or is_empty(output) for output in (group.stream("stdout"), group.stream("stderr")))


def _stream_lines(key: str, output: Output, node: str, cutting: Cutting) -> Iterator[Line]:
    shown = printable_lines(output, longest=cutting.longest, overdrawn=cutting.overdrawn)
    if cutting.most_lines is None:
        yield from (Line(key, _with_rest(*line)) for line in shown)
    else:
        yield from _cut_lines(key, shown, cutting.most_lines, cutting.remedy.replace("NODE", node))
    if output.truncated:
        sent = show_bytes(output.bytes_count)
        yield Line("remark", f"{key} is truncated: {sent} came, only the beginning was kept; --outdir keeps all")


def _cut_lines(key: str, lines: Iterator[tuple[str, int]], most: int, remedy: str) -> Iterator[Line]:
    """Yield the first two thirds and the last: what failed says so at the end."""
    head_count = most * 2 // 3
    tail: deque[Line] = deque(maxlen=most - head_count + 1)  # one more: a remark in place of one line gains nothing
    left_out_count = 0
    for number, line in enumerate(lines):
        if number < head_count:
            yield Line(key, _with_rest(*line))
            continue
        left_out_count += len(tail) == tail.maxlen
        tail.append(Line(key, _with_rest(*line)))
    if left_out_count:
        tail.popleft()
        yield Line("remark", f"{left_out_count + 1:,} more lines of {key} here; all of it: {remedy}")
    yield from tail


def _with_rest(text: str, left_out_count: int) -> str:
    return f"{text} (and {left_out_count:,} more characters)" if left_out_count else text


def _messages(group: Group, most: int | None) -> Iterator[str]:
    """Yield messages; those that differ in numbers alone (addresses, ports, seconds) are told once."""
    alike: dict[str, list[tuple[str, str]]] = {}
    for name, message in group.messages:
        alike.setdefault(_DIGITS.sub("0", message.replace(name, "")), []).append((name, message))
    ranked = sorted(alike.values(), key=len)
    for told in ranked[:most]:
        yield _message(told, is_only=len(ranked) == 1 and len(told) == len(group.names))
    if left_out := ranked[len(ranked) if most is None else most :]:
        yield f"and {sum(map(len, left_out)):,} nodes with other messages"


def _message(told: Sequence[tuple[str, str]], *, is_only: bool) -> str:
    name, message = told[0]
    text = printable_line(message)
    if is_only and len({message for _, message in told}) == 1:
        return text
    return f"{name}: {text}" + (f" (and {len(told) - 1:,} like it)" if len(told) > 1 else "")


def _details(group: Group) -> Iterator[str]:
    if len(group.details) == 1:
        (detail,) = group.details.values()
        yield ", ".join(f"{printable_line(key)}: {cell(value, key)}" for key, value in detail.items())
    elif group.details:
        yield f"details differ in {len(group.details):,} ways; each node's with -o json"


def _survivors(group: Group) -> Iterator[str]:
    if group.survivors:
        told = ", ".join(f"{name} ({' '.join(map(str, ids))})" for name, ids in group.survivors[:_MOST_SURVIVORS])
        more = len(group.survivors) - _MOST_SURVIVORS
        yield f"processes still running, by process id: {told}" + (f" and {more} more nodes" if more > 0 else "")
    if group.unsure and group.outcome in {Outcome.TIMEOUT, Outcome.CANCELLED}:
        yield f"whether processes are still running is not known: {fold(group.unsure)}"
