from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.errors import (
    BusyError,
    InventoryError,
    Mistake,
    NodeSetSyntaxError,
    SetupError,
    UnknownGroupError,
    UnknownNodeError,
    UsageError,
)
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import RUN, Column, Head, Kind, Report
from aifctl.output.errors import describe_error, error_facts, render_error
from aifctl.output.format import Format, Page
from aifctl.output.pipe import TextPipe
from aifctl.output.sink import ReportSink, open_sink
from aifctl.ports.work import Output
from tests.output.conftest import Render
from tests.output.reports import NODES, result, stream

HEAD = Head(kind=RUN)


class Paper:
    """Two files to write a report on."""

    def __init__(self, folder: Path, formats: dict[str, Format]) -> None:
        self._paths = folder / "out", folder / "err"
        self._formats = formats
        self._descriptors = [os.open(path, os.O_CREAT | os.O_WRONLY, 0o600) for path in self._paths]

    def sink(self, name: str, *, quiet: bool = False, live: bool = False) -> ReportSink:
        stdout, stderr = map(TextPipe, self._descriptors)
        return open_sink(name, self._formats, page=Page(live=live), stdout=stdout, stderr=stderr, quiet=quiet)

    @property
    def out(self) -> str:
        return self._paths[0].read_text()

    @property
    def err(self) -> str:
        return self._paths[1].read_text()

    def put_away(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)


@pytest.fixture
def paper(tmp_path: Path, formats: dict[str, Format]) -> Iterator[Paper]:
    sheet = Paper(tmp_path, formats)
    yield sheet
    sheet.put_away()


def test_items_stand_in_nodeset_order_whatever_order_they_arrive_in(render: Render) -> None:
    items = [result(name) for name in ("r2n1", "r10n1", "r2n10", "r2n9")]

    envelope = json.loads(render("json", HEAD, items))

    assert [item["node"] for item in envelope["items"]] == ["r2n1", "r2n9", "r2n10", "r10n1"]


@pytest.mark.parametrize(("name", "shown"), [("count", "2\n"), ("nodeset", "n[1-2]\n")])
def test_only_of_a_run_are_those_counted_that_ended_ok(name: str, shown: str, render: Render) -> None:
    kind = Kind(name="Watched", columns=(Column(key="node", title="node"), Column(key="outcome", title="outcome")))
    run = [result("n1"), result("n2"), result("n3", "lost")]

    assert render(name, HEAD, run) == shown
    assert render(name, Head(kind=kind), [run[0], {"node": "n2", "outcome": "something else"}]) == shown


def test_a_node_may_have_several_items_and_they_keep_their_order(render: Render) -> None:
    items = [{"node": "n2", "state": "b"}, {"node": "n1", "state": "z"}, {"node": "n2", "state": "a"}]

    envelope = json.loads(render("json", Head(kind=NODES), items))

    assert [(item["node"], item["state"]) for item in envelope["items"]] == [("n1", "z"), ("n2", "b"), ("n2", "a")]


@pytest.mark.parametrize(
    "kind",
    [
        Kind(name="Runs", columns=(Column(key="run", title="run"),), key="run"),
        Kind(name="Events", columns=(Column(key="node", title="node"),), keeps_order=True),
    ],
)
def test_a_time_line_stays_as_it_came(kind: Kind, render: Render) -> None:
    items = [{kind.key: name} for name in ("b9", "b10", "a1")]

    envelope = json.loads(render("json", Head(kind=kind), items))

    assert [item[kind.key] for item in envelope["items"]] == ["b9", "b10", "a1"]


def test_jsonl_is_out_before_the_next_item_comes(paper: Paper) -> None:
    sink = paper.sink("jsonl")
    sink.open(HEAD)
    assert [json.loads(line)["type"] for line in paper.out.splitlines()] == ["run"]

    sink.item(result("n2"))

    assert json.loads(paper.out.splitlines()[-1])["node"] == "n2"


def test_equal_streams_are_kept_once(paper: Paper) -> None:
    sink = paper.sink("json")
    sink.open(HEAD)
    for number in range(100):
        sink.item(result(f"n{number}", out=b"same output"))

    kept = {id(item["stdout"]) for item in sink._items}

    assert len(kept) == 1


def test_notes_and_errors_are_told_on_stderr_harmlessly(paper: Paper) -> None:
    sink = paper.sink("count")
    sink.open(HEAD)
    sink.close(Report(notes=("n1 was skipped: \x1b[2J",), errors=({"code": 69, "message": "the store is away"},)))

    assert paper.err == "aifctl: the store is away\nn1 was skipped: \\x1b[2J\n"


def test_quiet_leaves_out_notes_but_no_error(paper: Paper) -> None:
    sink = paper.sink("count", quiet=True)
    sink.open(HEAD)
    sink.close(Report(notes=("n1 was skipped",), errors=({"code": 69, "message": "the store is away"},)))

    assert paper.err == "aifctl: the store is away\n"


def test_output_that_is_gone_is_an_error_and_never_an_empty_output(paper: Paper) -> None:
    gone = Output(inline=None, path="/nonexistent/output", bytes_count=9, sha256="a" * 64)
    sink = paper.sink("json")
    sink.open(HEAD)
    sink.item({**result("n1"), "stdout": gone})
    sink.item(result("n2", out=b"here"))
    sink.close(Report(exit=ExitCode.FINDINGS))

    envelope = json.loads(paper.out)
    assert [item["stdout"] for item in envelope["items"]] == [None, "here"]
    assert envelope["exit"] == sink.exit == ExitCode.SETUP
    assert envelope["complete"] is False
    assert "kept output can't be read, it was removed or lies on a failed disk: n1" in paper.err


def test_output_that_goes_while_it_is_written_ends_in_one_sentence(paper: Paper, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    sink = paper.sink("json")
    sink.open(HEAD)
    sink.item({**result("n1"), "stdout": Output(inline=None, path=str(tmp_path / "kept"), bytes_count=4)})
    (tmp_path / "kept").unlink()

    with pytest.raises(SetupError, match="kept output can't be read"):
        sink.close(Report())


def test_an_error_after_some_items_prints_what_there_is_and_the_error(paper: Paper) -> None:
    sink = paper.sink("json")
    sink.open(HEAD)
    sink.item(result("n1"))
    sink.fail(BusyError("the lock is held by somebody else"))

    envelope = json.loads(paper.out)
    assert [item["node"] for item in envelope["items"]] == ["n1"]
    assert envelope["errors"] == [{"code": 75, "error": "BusyError", "message": "the lock is held by somebody else"}]
    assert (envelope["exit"], envelope["complete"]) == (75, False)


def test_an_error_before_anything_is_an_envelope_in_json_and_nothing_in_a_table(paper: Paper) -> None:
    paper.sink("table").fail(UsageError("no"))
    assert paper.out == ""

    paper.sink("json").fail(UsageError("no"))
    assert json.loads(paper.out)["schema"] == "aifctl/v1/Error"


def test_what_was_closed_stays_closed(paper: Paper) -> None:
    sink = paper.sink("count")
    sink.open(HEAD)
    sink.close(Report())
    sink.close(Report(exit=ExitCode.BUG))
    sink.fail(UsageError("no"))

    assert (paper.out, sink.exit) == ("0\n", ExitCode.OK)


def test_an_unknown_format_names_those_there_are(paper: Paper) -> None:
    with pytest.raises(UsageError, match="there is no format 'xml'; -o takes count, csv, html, json"):
        paper.sink("xml")


@pytest.mark.parametrize("name", ["json", "jsonl", "csv", "tsv", "nodeset", "count", "md", "wide"])
def test_live_lines_are_refused_where_they_would_spoil_the_report(name: str, paper: Paper) -> None:
    with pytest.raises(UsageError, match="with it, use -o plain or table"):
        paper.sink(name, live=True)


def test_only_names_are_wanted_where_only_names_are_shown(paper: Paper, formats: dict[str, Format]) -> None:
    assert {name for name in formats if not paper.sink(name).wants_fields} == {"count", "nodeset"}


def test_a_reader_that_leaves_ends_the_report_at_once(formats: dict[str, Format]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    sink = open_sink("json", formats, page=Page(), stdout=TextPipe(writer), stderr=TextPipe(writer))
    sink.open(HEAD)

    sink.close(Report(exit=ExitCode.FINDINGS))
    os.close(writer)
    assert (sink.gone, sink.exit) == (True, ExitCode.FINDINGS)


def test_a_stderr_nobody_reads_does_not_matter(tmp_path: Path, formats: dict[str, Format]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with (tmp_path / "out").open("wb") as out:
        sink = open_sink("count", formats, page=Page(), stdout=TextPipe(out.fileno()), stderr=TextPipe(writer))
        sink.open(HEAD)
        sink.close(Report(notes=("said to nobody",)))
    os.close(writer)

    assert (tmp_path / "out").read_text() == "0\n"


def test_errors_point_at_the_place() -> None:
    syntax = NodeSetSyntaxError("a reversed range", text="r[9-1]", column=2)
    unknown = UnknownNodeError("no such node", unknown=["n1"], nearest=["m1"])
    mistakes = [Mistake(file="a.yaml", line=3, message="twice"), Mistake(file="b.yaml", line=0, message="empty")]

    (one,) = error_facts(syntax)
    assert (one["code"], one["text"], one["column"]) == (2, "r[9-1]", 3)
    (one,) = error_facts(unknown)
    assert (one["unknown"], one["nearest"]) == (["n1"], ["m1"])
    assert [(fact["file"], fact["line"], fact["message"]) for fact in error_facts(InventoryError(mistakes))] == [
        ("a.yaml", 3, "twice"),
        ("b.yaml", None, "empty"),
    ]


def test_a_caret_stands_under_the_place_even_behind_escapes() -> None:
    told = describe_error(NodeSetSyntaxError("a control character", text="a\x1bb!!", column=3))

    *_, text, caret = told.splitlines()
    assert text[caret.index("^")] == "!"
    assert "\x1b" not in told


def test_a_caret_into_a_long_selector_stays_on_a_narrow_line() -> None:
    told = describe_error(UnknownGroupError("no rack r99", text="r1," * 9000 + "@rack:r99", column=27000))

    *_, text, caret = told.splitlines()
    assert text[caret.index("^") :].startswith("@rack:r99")
    assert len(text) < 80


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_an_error_before_there_is_a_sink_has_an_envelope_of_its_own(name: str, formats: dict[str, Format]) -> None:
    text, _ = render_error(UsageError("no such option"), formats[name], page=Page())

    last = json.loads(text.splitlines()[-1] if name == "jsonl" else text)
    assert last["exit"] == 2
    assert "no such option" in text


@pytest.mark.parametrize("name", ["table", "csv", "count", "nodeset"])
def test_formats_without_errors_leave_stdout_empty(name: str, formats: dict[str, Format]) -> None:
    assert render_error(UsageError("no"), formats[name], page=Page()) == ("", 2)


def test_the_nodeset_of_other_things_than_nodes_is_their_list(render: Render) -> None:
    kind = Kind(name="Runs", columns=(Column(key="run", title="run"),), key="run")

    assert render("nodeset", Head(kind=kind), [{"run": "b2"}, {"run": "b1"}]) == "b2\nb1\n"


def test_a_text_is_printed_as_it_is_by_table_and_a_string_in_json(render: Render) -> None:
    kind = Kind(name="Text", columns=(Column(key="file", title="file"),), key="file", text="text")
    items = [{"file": "a.yaml", "text": "a: 1\tb\n"}]

    assert [render(name, Head(kind=kind), items) for name in ("table", "wide", "plain", "md")] == ["a: 1\tb\n"] * 4
    assert json.loads(render("json", Head(kind=kind), items))["items"] == items


def test_csv_disarms_formulas_and_escapes_control_characters_of_utf8_output(render: Render) -> None:
    shown = render("csv", HEAD, [result("n1", out=b'=cmd|"/c calc"!A1\n\x1b[2J', err=b"-1")])

    assert '"\'=cmd|""/c calc""!A1\n\\x1b[2J","\'-1","utf-8"' in shown


def test_tsv_keeps_an_item_on_one_line_and_can_be_read_back(render: Render) -> None:
    _, line = render("tsv", HEAD, [result("n1", out=b"a\tb\\n\nc")]).splitlines()

    assert line.split("\t")[6] == r"a\tb\\n\nc"


def test_streams_of_the_same_digest_but_other_bytes_are_not_mixed_up(render: Render) -> None:
    first, second = stream(b"abc"), Output(inline=b"abd", bytes_count=4, truncated=True, sha256=stream(b"abc").sha256)

    envelope = json.loads(render("json", HEAD, [result("n1", stdout=first), result("n2", stdout=second)]))

    assert [item["stdout"] for item in envelope["items"]] == ["abc", "abd"]
