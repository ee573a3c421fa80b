"""The run that the golden files show: equal and unequal results, failures that share a rack, hostile output."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import RUN, Column, Coverage, Head, Item, Kind, Report
from aifctl.ports.work import Output

HOSTILE = (
    b"\x1b[31mred\x1b[0m \x1b]0;title\x07\n"
    b"\x1b]52;c;cm0gLXJmIC8=\x07 clipboard\n"
    b"\xe2\x80\xaetxt.exe\xe2\x80\xac \xff\xfe \x00 \xc2\x9b31m\r\n"
    b" 10%\r 55%\r100% done\r\n"
    b"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac ```\n"
    b"=HYPERLINK(1)\t|cell|\n"
)
NODES = Kind(
    name="Node",
    about="Nodes.",
    columns=(
        Column(key="node", title="node"),
        Column(key="state", title="state"),
        Column(key="rack", title="rack"),
        Column(key="unit", title="U", right=True),
        Column(key="labels", title="labels"),
        Column(key="address", title="address", wide=True),
    ),
)


def stream(data: bytes, **more: Any) -> Output:
    """Return a stream that holds all that was sent."""
    return Output(inline=data, bytes_count=len(data), sha256=hashlib.sha256(data).hexdigest(), **more)


def result(node: str, outcome: str = "ok", *, out: bytes = b"", err: bytes = b"", **more: Any) -> Item:
    """Return one item of a run."""
    return {
        "node": node,
        "outcome": outcome,
        "rc": 0 if outcome == "ok" else None,
        "signal": None,
        "started_at": 1795480847.5,
        "duration_s": 0.25,
        "stdout": stream(out),
        "stderr": stream(err),
        "message": "",
        "survivors": (),
        "attempts": 1,
        **more,
    }


def run_items() -> Iterator[Item]:
    """Yield the golden run in some order of arrival."""
    for number in (8, 3, 1, 2, 7, 4, 6, 5):
        message = f"connect to 10.0.2.{number} port 22: no answer in 10 s"
        yield result(f"r2n{number}", "connect-timeout", message=message, started_at=0.0, duration_s=0.0)
    yield result("r3n2", "timeout", out=b"partial", duration_s=300.0, survivors=(4242, 4243), message="ran past 300 s")
    yield result("r1n5", out=HOSTILE, duration_s=2.5)
    yield result("r3n1", "exit", rc=2, out=b"one\n", err=b"ls: cannot access '/x': No such file\n")
    yield result("r3n3", "skipped", message="repair", started_at=0.0, duration_s=0.0, attempts=0)
    for number in (10, 2, 4, 1, 3, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17):
        yield result(f"r1n{number}", out=b"570.133.20\n", duration_s=0.25 + number / 100)
    yield result("r4n1", out=b"x" * 100, stdout=replace(stream(b"abc\n"), truncated=True, bytes_count=54_525_952))


def node_items() -> Iterator[Item]:
    """Yield rows with what cells may hold."""
    yield {"node": "n10", "state": "ready", "rack": "r1", "unit": 3, "labels": ["a", "b"], "address": "10.0.0.10"}
    yield {"node": "n9", "state": "drained|x", "rack": None, "unit": 21, "labels": {}, "address": "10.0.0.9"}
    yield {"node": "n11", "state": "a\x1b[2Jb\nc", "rack": "日本", "unit": 1, "labels": ["=1+1"]}


def scopes_of(node: str) -> list[tuple[str, str]]:
    return [("rack", node.partition("n")[0]), ("feed", "A1"), ("su", "1")]


CASES: dict[str, tuple[Head, Callable[[], Iterable[Item]], Report]] = {
    "run": (
        Head(kind=RUN, facts={"run": "R1", "command": "nvidia-smi"}),
        run_items,
        Report(
            exit=ExitCode.COVERAGE,
            notes=("8 nodes were not reached; try again: aifctl runs retry R1 --outcome connect-timeout",),
            coverage=Coverage(asked=27, answered=18, skipped=1),
            summary={"ok": 18},
            complete=False,
        ),
    ),
    "nodes": (Head(kind=NODES), node_items, Report(summary={"nodes_count": 3})),
}
