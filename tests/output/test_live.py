from __future__ import annotations

import os
from pathlib import Path

from aifctl.output.live import LiveLines
from aifctl.output.pipe import TextPipe
from aifctl.output.terminal import TerminalFacts


def lines(folder: Path, *, colour: bool = False) -> LiveLines:
    facts = TerminalFacts(is_terminal=colour, colour=colour)
    pipes = [TextPipe(os.open(folder / name, os.O_CREAT | os.O_WRONLY, 0o600)) for name in ("out", "err")]
    return LiveLines(stdout=pipes[0], stderr=pipes[1], stdout_terminal=facts, stderr_terminal=facts)


def test_each_line_stands_behind_its_node_and_goes_where_the_node_sent_it(tmp_path: Path) -> None:
    live = lines(tmp_path)

    live.show("n1", "stdout", b"one\n")
    live.show("n2", "stdout", b"no newline")
    live.show("n1", "stderr", b"oops\r\n")

    assert (tmp_path / "out").read_text() == "n1: one\nn2: no newline\n"
    assert (tmp_path / "err").read_text() == "n1: oops\n"


def test_control_characters_and_undecodable_bytes_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    lines(tmp_path).show("n1", "stdout", b"\x1b]52;c;eA==\x07\xff\rover\n")

    assert (tmp_path / "out").read_text() == "n1: \\x1b]52;c;eA==\\x07\\xff\\x0dover\n"


def test_text_with_newlines_inside_can_not_pose_as_another_node(tmp_path: Path) -> None:
    lines(tmp_path).show("n1", "stdout", b"a\nn2: fake\n")

    assert (tmp_path / "out").read_text() == "n1: a\nn1: n2: fake\n"


def test_a_node_keeps_its_colour(tmp_path: Path) -> None:
    live = lines(tmp_path, colour=True)
    live.show("n1", "stdout", b"a")
    live.show("n1", "stdout", b"b")

    first, second = (tmp_path / "out").read_text().splitlines()
    assert first.startswith("\x1b[")
    assert first.removesuffix(" a") == second.removesuffix(" b")
