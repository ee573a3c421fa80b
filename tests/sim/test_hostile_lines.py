"""What a line may try: to exhaust this machine's memory, CPU or stack, or to hang the process for all its other nodes."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.sim.shell.parse import parse
from aifctl.sim.shell.syntax import ShellSyntaxError
from tests.fuzzing import examples
from tests.sim.emulated import a_machine, answer, run_line

_MOST_BYTES = 128 << 20


@pytest.mark.parametrize(
    "line",
    [
        "x=aaaaaaaa; while :; do x=$x$x; done",
        "x=$(seq 20000); echo " + "$x" * 2000,
        'i=0; while :; do i=$((i+1)); eval "v$i=xxxxxxxxxxxxxxxx"; done',
        "cat /dev/zero > /tmp/f",
        "dd if=/dev/zero of=/tmp/f",
        "x=$(yes)",
        "x=$(cat /dev/urandom)",
        "sort /dev/zero | head -c 1",
        "printf '%999999s' x",
        "f() { f; }; f",
        "f() { f | f & }; f",
        "f() { x=$(f); }; f",
        "eval 'eval \"eval true\"'; f() { eval f; }; f",
        "for i in $(seq 100000); do sleep 1000 & done",
        "while :; do :; done",
        "mkdir -p " + "/tmp/" + "d/" * 3000,
        "i=0; while touch /tmp/f$i; do i=$((i+1)); done",
        "ln -s /tmp/a /tmp/b; ln -s /tmp/b /tmp/a; cat /tmp/a",
    ],
)  # fmt: skip
def test_a_greedy_line_ends_by_itself_and_stays_within_bounds(line: str) -> None:
    tracemalloc.start()
    try:
        told = answer(line)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0 <= told.rc <= 255
    assert peak_bytes < _MOST_BYTES


@pytest.mark.parametrize(
    "line",
    [
        "(" * 10_000, "{ " * 10_000, "$(" * 10_000, "`" * 9_999, '"$(' * 5_000, "if " * 10_000, "${x:-" * 10_000,
        "echo $((" + "(" * 10_000 + "1" + ")" * 10_000 + "))", "! " * 10_000 + "true", "[ " + "! " * 500 + "x ]",
        "case x in " * 3_000, "f() " * 5_000, "echo $((" + "-" * 50_000 + "1))", "a" * 3_000_000, "x=1;" * 100_000 + "echo $x",
        "\0\1\2\xff" * 1000, "<<" * 1000, ">" * 1000, "sh -c " * 200 + "true",
    ],
)  # fmt: skip
def test_a_monstrous_line_is_refused_or_run_but_breaks_nothing(line: str) -> None:
    assert 0 <= answer(line).rc <= 255


def test_a_busy_loop_lets_the_other_nodes_have_their_turn() -> None:
    async def main() -> list[str]:
        order: list[str] = []

        async def busy() -> None:
            await run_line(a_machine(), "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done")
            order.append("busy")

        async def quick() -> None:
            await run_line(a_machine(index=2), "hostname")
            order.append("quick")

        async with asyncio.TaskGroup() as group:
            group.create_task(busy())
            group.create_task(quick())
        return order

    assert asyncio.run(main()) == ["quick", "busy"]


@settings(max_examples=examples(300))
@given(st.text(alphabet="ab \t\n'\"`$(){}[]|&;<>!#\\=*?~0/-", max_size=60))
def test_any_text_either_parses_or_is_refused(text: str) -> None:
    try:
        parse(text)
    except ShellSyntaxError as problem:
        assert str(problem)  # noqa: PT017  both ends are fine, a crash is not


@settings(max_examples=examples(150))
@given(st.text(alphabet="ab \n'\"$(){}|&;<>!=*?~0/-", max_size=40))
def test_any_line_ends_with_a_status_when_it_is_run(text: str) -> None:
    assert 0 <= answer(text).rc <= 255
