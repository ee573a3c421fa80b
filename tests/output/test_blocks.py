from __future__ import annotations

import re
from pathlib import Path

import pytest

from aifctl.core.report import RUN, Head, Item
from aifctl.output.style import width_of
from aifctl.output.terminal import TerminalFacts
from aifctl.ports.work import Output
from tests.output.conftest import Render
from tests.output.reports import result, scopes_of, stream

HEAD = Head(kind=RUN, facts={"run": "R1"})
LONG = b"".join(b"line %d\n" % number for number in range(500))


def terminal(width: int) -> TerminalFacts:
    return TerminalFacts(is_terminal=True, width=width, moves=True)


def test_long_output_is_cut_on_a_terminal_and_says_how_to_see_all(render: Render) -> None:
    shown = render("table", HEAD, [result("n1", out=LONG), result("n2")], terminal=terminal(80))

    assert len(shown.splitlines()) < 100
    assert "[440 more lines of stdout here; all of it: aifctl runs show R1 n1]" in shown
    assert "  line 0\n" in shown
    assert "  line 499\n" in shown


def test_lines_cut_and_lines_shown_are_all_lines(render: Render) -> None:
    shown = render("table", HEAD, [result("n1", out=LONG), result("n2")], terminal=terminal(80))

    left_out = re.search(r"(\d+) more lines", shown)
    assert left_out is not None
    assert int(left_out[1]) + len(re.findall(r"^  line \d+$", shown, re.MULTILINE)) == 500


def test_one_group_alone_is_shown_whole_as_ssh_would(render: Render) -> None:
    shown = render("table", HEAD, [result("n1", out=LONG)], terminal=terminal(80))

    assert len(re.findall(r"^  line \d+$", shown, re.MULTILINE)) == 500


@pytest.mark.parametrize("name", ["table", "plain", "md"])
def test_nothing_is_cut_where_no_person_looks(render: Render, name: str) -> None:
    items = [result("n1", out=LONG + b"x" * 200_000 + b"\n"), result("n2")]

    shown = render(name, HEAD, items)

    assert len(re.findall(r"line \d+\n", shown)) == 500
    assert "x" * 200_000 in shown


def test_a_line_of_200_kb_is_cut_on_a_terminal(render: Render) -> None:
    items = [result("n1", out=b"x" * 200_000 + b"\nafter\n"), result("n2")]

    shown = render("table", HEAD, items, terminal=terminal(80))

    assert "(and 199,760 more characters)" in shown
    assert "  after\n" in shown
    assert len(shown) < 1000


@pytest.mark.parametrize("width", [40, 80])
def test_headings_stay_within_the_terminal_and_take_four_lines_at_most(render: Render, width: int) -> None:
    # Every other node of every third rack: a fold that is 11 KB long at 6,250 nodes.
    items = [result(f"r{rack:03}n{node:02}") for rack in range(0, 196, 3) for node in range(1, 33, 2)]

    shown = render("table", HEAD, [*items, result("odd", "lost")], terminal=terminal(width))

    lines = shown.splitlines()
    assert max(width_of(line) for line in lines if line.startswith(("── ", "   "))) <= width
    assert sum(line.startswith(("── r", "   ")) for line in lines) == 4
    assert "Node lists that end in … go on; whole: aifctl runs show R1 -o plain" in shown


def test_names_are_whole_where_no_person_looks(render: Render) -> None:
    items = [result(f"r{rack:03}n{node:02}") for rack in range(0, 196, 3) for node in range(1, 33, 2)]

    heading = render("table", HEAD, items).splitlines()[0]

    assert heading.startswith("-- r[000,003,006,")
    assert heading.endswith(",29,31]: 1,056 nodes, ok, no output")


def test_output_in_ascii_terminals_has_no_other_character(render: Render) -> None:
    facts = TerminalFacts(is_terminal=True, width=80, encoding="ascii")
    items = [result("n1", out="é日本\n".encode()), result("n2", message="naïve", outcome="refused")]

    assert render("table", HEAD, items, terminal=facts).isascii()


def test_a_progress_bar_shows_what_stood_there_in_the_end(render: Render, tmp_path: Path) -> None:
    bar = b"\r".join(b"%3d%%" % number for number in range(101)) + b"\r\nnext\r\n"
    (tmp_path / "kept").write_bytes(bar)
    kept = Output(inline=None, path=str(tmp_path / "kept"), bytes_count=len(bar))

    shown = render("table", HEAD, [{**result("n1"), "stdout": kept}], terminal=terminal(80))

    assert "\n  100%\n  next\n" in shown


def test_a_carriage_return_that_hides_text_is_shown_where_no_person_looks(render: Render) -> None:
    shown = render("table", HEAD, [result("n1", out=b"rm -rf /\rharmless\n")])

    assert r"  rm -rf /\x0dharmless" in shown


def test_the_same_message_is_told_once_and_different_ones_by_their_node(render: Render) -> None:
    items: list[Item] = [result(f"n{number}", "refused", message="port 22 refused") for number in (1, 2)]
    same = render("plain", HEAD, items)
    different = render("plain", HEAD, [*items, result("n3", "refused", message="port 22 is filtered")])

    assert "message: port 22 refused\n" in same
    assert "message: n3: port 22 is filtered\nmessage: n1: port 22 refused (and 1 like it)\n" in different


def test_a_message_from_a_node_cannot_reach_the_terminal_raw(render: Render) -> None:
    shown = render("table", HEAD, [result("n1", "auth", message="\x1b[2J\nfake: ok")], terminal=terminal(80))

    assert r"  \x1b[2J\nfake: ok" in shown


def test_survivors_and_what_is_not_known_of_them_is_said(render: Render) -> None:
    items = [
        result("n1", "timeout", survivors=(7, 8)),
        *(result(f"n{number}", "timeout", survivors=None) for number in (2, 3)),
    ]

    shown = render("table", HEAD, items)

    assert "[processes still running, by process id: n1 (7 8)]" in shown
    assert "[whether processes are still running is not known: n[2-3]]" in shown


def test_details_are_shown_once_where_they_are_the_same(render: Render) -> None:
    items = [result(f"n{number}", detail={"written": ["a\x1b", "b"], "bytes_count": 9}) for number in (1, 2)]
    same = render("plain", HEAD, items)
    different = render("plain", HEAD, [*items, result("n3", detail={"written": []})])

    assert "detail: written: a\\x1b,b, bytes_count: 9\n" in same
    assert "detail: details differ in 2 ways; each node's with -o json\n" in different


def test_live_output_is_not_shown_twice_but_failures_are(render: Render) -> None:
    items = [result("n1", out=b"seen\n"), result("n2", "refused", message="port 22 refused")]

    shown = render("table", HEAD, items, live=True)

    assert shown == "-- n2: refused\n  port 22 refused\n2 nodes: 1 ok, 1 refused; took 0.25 s\n"


def test_failures_that_share_a_place_are_said_to(render: Render) -> None:
    items = [result(f"r{rack}n{node}", "lost" if rack == 3 else "ok") for rack in range(9) for node in range(8)]

    assert "\nAll 8 nodes asked in rack r3 are unreachable.\n" in render("table", HEAD, items, scopes_of=scopes_of)


def test_truncated_output_says_how_much_there_was(render: Render) -> None:
    cut = Output(inline=b"begin", bytes_count=5 << 20, truncated=True, sha256=stream(b"whole").sha256)

    shown = render("plain", HEAD, [result("n1", stdout=cut)])

    assert "remark: stdout is truncated: 5.0 MiB came, only the beginning was kept; --outdir keeps all" in shown
