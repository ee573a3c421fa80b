"""store rebuild: a database that is gone is made of its log, and what can't be read of that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import SetupError, UsageError
from aifctl.core.report import Head, Report
from aifctl.custody.audit import verify
from aifctl.ops.rebuilding import DAMAGE, rebuild_store
from aifctl.output.format import Page
from aifctl.output.rows import Rows
from aifctl.store.place import find_place
from tests.fakes.toolbox import FakeToolbox, toolbox
from tests.ops.run_fakes import ListSink


def remembering(tmp_path: Path) -> FakeToolbox:
    tools = toolbox(tmp_path)
    tools.store.put("word", "kept")
    tools.store.put("other", "kept, too")
    tools.stores.pop().close()
    return tools


def database_of(tools: FakeToolbox) -> Path:
    path = find_place(tools.settings.value("state"), tools.state).path
    assert path is not None
    return path


def test_what_was_written_is_there_again_and_the_old_file_is_set_aside(tmp_path: Path) -> None:
    tools = remembering(tmp_path)
    database_of(tools).write_bytes(b"no database any more")
    sink = ListSink()
    report = rebuild_store([], tools, sink)
    assert (report.complete, report.summary["damage_count"], sink.items) == (True, 0, [])
    assert tools.store.get("word") == "kept"
    assert Path(report.summary["set_aside"]).read_bytes() == b"no database any more"
    assert report.notes == (f"the store was made anew of 2 batches; the old file is {report.summary['set_aside']}",)
    assert verify(tools.state) == []


def test_without_a_log_there_is_nothing_to_make_it_of(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="nothing to make the store from"):
        rebuild_store([], toolbox(tmp_path), ListSink())


def test_a_log_that_is_not_there_is_said_before_anything_is_done(tmp_path: Path) -> None:
    tools = remembering(tmp_path)
    before = database_of(tools).read_bytes()
    with pytest.raises(UsageError, match="there is no such folder"):
        rebuild_store([str(tmp_path / "nowhere")], tools, ListSink())
    assert database_of(tools).read_bytes() == before


def test_damage_is_told_and_the_report_is_not_complete(tmp_path: Path) -> None:
    tools = remembering(tmp_path)
    (segment,) = [path for path in tmp_path.rglob("*.jsonl.gz") if path.stat().st_size]
    data = bytearray(segment.read_bytes())
    data[len(data) // 4] ^= 0xFF  # of the first; what is torn at the end was never acknowledged
    segment.write_bytes(data)
    sink = ListSink()
    report = rebuild_store([], tools, sink)
    assert not report.complete
    assert [str(segment) in item["damage"] for item in sink.items] == [True]


def test_a_table_is_what_is_damaged_and_nothing_where_nothing_is(tmp_path: Path) -> None:
    rows, report = Rows(Page()), Report()
    assert "".join([*rows.open(Head(kind=DAMAGE)), *rows.close(report)]) == ""
    rows = Rows(Page())
    shown = [*rows.open(Head(kind=DAMAGE)), *rows.item({"damage": "x: 3 bytes are not"}), *rows.close(report)]
    assert "".join(shown) == "x: 3 bytes are not\n"
