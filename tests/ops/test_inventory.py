"""inventory check, show, export, import, formats, template; over the real roster."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import aifctl.roster.formats
from aifctl.core.drawers import read_drawer
from aifctl.core.errors import InventoryError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.dispatch.asked import Chosen
from aifctl.ops.inventory import ExportAsked, ImportAsked, check, export, formats, import_, show, template
from aifctl.roster.roster import FileRoster
from tests.fakes.toolbox import FakeToolbox, toolbox
from tests.ops.run_fakes import ListSink

SOUND = "site: here\ndefaults: {address: '10.0.0.{node#}'}\nracks: {r1: {nodes: 'n[1-3]'}}\n"


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    path = tmp_path / "site.yaml"
    path.write_text(SOUND)
    roster = FileRoster(None, formats=lambda: read_drawer(aifctl.roster.formats, "FORMAT"))
    return toolbox(tmp_path, roster.load(path).fleet, files=roster, inventory_path=path)


def test_a_sound_inventory_is_0_with_its_count(tools: FakeToolbox) -> None:
    sink = ListSink()
    report = check(None, tools, sink)
    assert (report.exit, sink.items, report.summary["nodes_count"]) == (ExitCode.OK, [], 3)


def test_every_mistake_is_an_item_and_the_exit_6(tools: FakeToolbox, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("nodes:\n  n1: {adress: x}\n  n2: {port: many}\n")
    sink = ListSink()
    report = check(str(tmp_path / "bad.yaml"), tools, sink)
    assert report.exit is ExitCode.SETUP
    assert [item["line"] for item in sink.items] == [2, 3]
    assert report.summary["mistakes_count"] == 2


def test_an_inventory_that_is_not_there_is_no_clean_one(tools: FakeToolbox) -> None:
    with pytest.raises(SetupError, match="/nonexistent"):
        check("/nonexistent", tools, ListSink())


def test_show_tells_all_of_each_chosen_node(tools: FakeToolbox) -> None:
    sink = ListSink()
    show(Chosen(selector="n2"), tools, sink)
    (item,) = sink.items
    assert (item["node"], item["address"], item["rack"], item["state"]) == ("n2", "10.0.0.2", "r1", "ready")


def exported(tools: FakeToolbox, name: str = "hosts", outdir: Path | None = None) -> tuple[Report, ListSink]:
    sink = ListSink()
    asked = ExportAsked(format_name=name, selector="n[1-2]", outdir=str(outdir) if outdir else None)
    return export(asked, tools, sink), sink


def test_export_prints_or_writes_the_chosen_part(tools: FakeToolbox, tmp_path: Path) -> None:
    report, sink = exported(tools)
    (item,) = sink.items
    assert "n2" in item["text"]
    assert "n3" not in item["text"]
    assert report.summary["nodes_count"] == 2
    _, silent = exported(tools, outdir=tmp_path / "new/out")
    assert silent.items == []
    (file,) = (tmp_path / "new/out").iterdir()
    assert file.read_text() == item["text"]


def test_a_folder_that_cannot_be_written_is_told(tools: FakeToolbox, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="can't be written"):
        exported(tools, outdir=tmp_path / "file/out")


def test_import_gives_back_what_export_wrote_from_a_file_and_from_stdin(tools: FakeToolbox, tmp_path: Path) -> None:
    text = exported(tools)[1].items[0]["text"]
    (tmp_path / "hosts").write_text(text)
    tools.stdin = io.BytesIO(text.encode())
    sinks = [ListSink(), ListSink()]
    for file, sink in zip((str(tmp_path / "hosts"), "-"), sinks, strict=True):
        report = import_(ImportAsked(format_name="hosts", file=file), tools, sink)
        assert report.summary["nodes_count"] == 2
    first, second = (sink.items[0]["text"].partition("\n")[2] for sink in sinks)
    assert first == second
    (tmp_path / "back.yaml").write_text(sinks[0].items[0]["text"])
    assert tools.roster.load(tmp_path / "back.yaml").fleet.names == ("n1", "n2")


def test_what_an_import_cannot_carry_over_is_said(tools: FakeToolbox) -> None:
    tools.stdin = io.BytesIO(b"[gpu]\nn1 ansible_host=10.0.0.1 ansible_password=hunter2 ansible_become=true\n")
    sink = ListSink()
    report = import_(ImportAsked(format_name="ansible-ini", file="-"), tools, sink)
    assert report.notes
    assert "hunter2" not in str(report.notes) + str(sink.items)


@pytest.mark.parametrize(("data", "error"), [(b"\xff\xfe", UsageError), (b"[x\nn1", InventoryError)])
def test_an_import_that_cannot_be_read_is_told(tools: FakeToolbox, data: bytes, error: type[Exception]) -> None:
    tools.stdin = io.BytesIO(data)
    with pytest.raises(error):
        import_(ImportAsked(format_name="ansible-ini", file="-"), tools, ListSink())
    with pytest.raises(UsageError, match="/nonexistent"):
        import_(ImportAsked(format_name="ansible-ini", file="/nonexistent"), tools, ListSink())


@pytest.mark.parametrize("name", ["hosts", "slurm", "ansible-ini", "ssh-config"])
def test_a_text_that_names_no_node_gives_no_empty_inventory(tools: FakeToolbox, name: str) -> None:
    sink = ListSink()
    tools.stdin = io.BytesIO(b"# nothing but a remark\n")
    with pytest.raises(UsageError, match="names no node"):
        import_(ImportAsked(format_name=name, file="-"), tools, sink)
    assert sink.items == []


def test_formats_say_which_ways_they_go(tools: FakeToolbox) -> None:
    sink = ListSink()
    formats(tools, sink)
    ways = {item["format"]: (item["reads"], item["writes"]) for item in sink.items}
    assert ways["hosts"] == (True, True)
    assert set(ways) >= {"slurm", "netbox", "clustershell", "ansible-yaml"}


def test_the_template_checks_clean(tools: FakeToolbox, tmp_path: Path) -> None:
    sink = ListSink()
    template(tools, sink)
    (tmp_path / "template.yaml").write_text(sink.items[0]["text"])
    assert check(str(tmp_path / "template.yaml"), tools, ListSink()).exit is ExitCode.OK
