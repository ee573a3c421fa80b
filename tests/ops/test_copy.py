"""push and pull: what is refused before anything is read, and what their deeds are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import RefusedError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.custody import audit
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.ops.copy import PullAsked, PushAsked, pull, push, push_deed
from tests.fakes.files import FakeFiles
from tests.fakes.fleet import Script
from tests.fakes.toolbox import FakeToolbox, racks, scripted, toolbox
from tests.ops.run_fakes import ListSink


@pytest.fixture
def files() -> FakeFiles:
    made = FakeFiles()
    made.put("/tmp", kind="dir")
    return made


@pytest.fixture
def tools(tmp_path: Path, files: FakeFiles) -> FakeToolbox:
    return toolbox(tmp_path, racks(1, nodes_count=3), transport=scripted(ordinary=Script(files=files)))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_text("new\n")
    return tmp_path / "tree"


def pushed(tools: FakeToolbox, source: Path, destination: str = "/tmp/tree", **more: Any) -> tuple[Report, ListSink]:
    sink = ListSink()
    selector, consent = more.pop("selector", "r1n1"), more.pop("consent", Consent())
    fan = Fan(chosen=Chosen(selector=selector), consent=consent)
    return push(PushAsked(fan=fan, source=str(source), destination=destination, **more), tools, sink), sink


def test_a_tree_arrives_with_its_mode_and_owner(tools: FakeToolbox, files: FakeFiles, source: Path) -> None:
    report, sink = pushed(tools, source, mode="0640", owner="ops:")
    assert report.exit is ExitCode.OK
    entry = files.tree["/tmp/tree/sub/file"]
    assert (entry.data, entry.mode, entry.owner) == (b"new\n", 0o640, "ops:")
    assert sink.items[0]["detail"]["written_count"] == 1
    (record,) = audit.read_records(tools.state)
    assert "/tmp/tree" in record["what"]


def test_what_is_there_already_is_not_sent_again(tools: FakeToolbox, source: Path) -> None:
    pushed(tools, source)
    assert pushed(tools, source)[1].items[0]["detail"]["written_count"] == 0


@pytest.mark.parametrize("mode", ["9", "77777", "u+x", "", "-644"])
def test_a_mode_is_octal(tools: FakeToolbox, source: Path, mode: str) -> None:
    with pytest.raises(UsageError, match="--mode"):
        pushed(tools, source, mode=mode)


@pytest.mark.parametrize("owner", ["", "a b", "-R", "root;id", "a:b:c", "$(id)"])
def test_an_owner_is_a_name_and_no_option_and_no_command(tools: FakeToolbox, source: Path, owner: str) -> None:
    with pytest.raises(UsageError, match="--owner"):
        pushed(tools, source, owner=owner)


@pytest.mark.parametrize("owner", ["root", "root:", "root:wheel", ":wheel", "svc-x.y", "1000:1000", "machine$"])
def test_owners_that_people_use_are_taken(tools: FakeToolbox, source: Path, owner: str) -> None:
    assert pushed(tools, source, owner=owner)[0].exit is ExitCode.OK


def test_delete_is_for_folders_and_asks_for_consent(tools: FakeToolbox, files: FakeFiles, source: Path) -> None:
    files.put("/tmp/tree/old")
    with pytest.raises(UsageError, match="--delete"):
        pushed(tools, source / "sub/file", delete=True)
    with pytest.raises(RefusedError, match="--yes"):
        pushed(tools, source, delete=True, selector="@all")
    assert "/tmp/tree/old" in files.tree

    look, sink = pushed(tools, source, delete=True, selector="@all", consent=Consent(dry_run=True))
    assert sink.items[0]["detail"]["would_delete"] == ["/tmp/tree/old"]
    assert "/tmp/tree/old" in files.tree
    (hint,) = [note for note in look.notes if "--confirm-hash" in note]
    pushed(tools, source, delete=True, selector="@all", consent=Consent(confirm_hash=hint.split()[-1]))
    assert "/tmp/tree/old" not in files.tree


@pytest.mark.parametrize("root", ["/", "//", "/./", "/tmp/.."])
def test_nobody_can_remove_a_whole_system_with_delete(tools: FakeToolbox, source: Path, root: str) -> None:
    with pytest.raises(UsageError, match="whole system"):
        pushed(tools, source, root, delete=True, consent=Consent(yes=True))
    assert tools.transport.sent == []


def test_a_dry_run_is_no_change_so_it_is_neither_audited_nor_announced(
    tools: FakeToolbox, files: FakeFiles, source: Path
) -> None:
    pushed(tools, source, consent=Consent(dry_run=True))
    assert [path for path in files.tree if path.startswith("/tmp/")] == []
    assert audit.read_records(tools.state) == []
    assert tools.notes == []


@pytest.mark.parametrize("destination", ["", "/tmp/\0x"])
def test_a_remote_path_that_cannot_be(tools: FakeToolbox, source: Path, destination: str) -> None:
    with pytest.raises(UsageError, match="remote path"):
        pushed(tools, source, destination)


def test_a_source_that_has_changed_is_not_pushed_again(tools: FakeToolbox, source: Path) -> None:
    pushed(tools, source)
    facts = {
        "source": str(source),
        "digest": "0" * 64,
        "destination": "/tmp/tree",
        "mode": None,
        "owner": None,
        "delete": False,
        "timeout_s": None,
    }
    with pytest.raises(RefusedError, match="not what it was"):
        push_deed(facts, tools)


def pulled(tools: FakeToolbox, destination: Path) -> Report:
    fan = Fan(chosen=Chosen(selector="r1n[1-2]"))
    return pull(PullAsked(fan=fan, source="/tmp/log", destination=str(destination)), tools, ListSink())


def test_pull_makes_a_folder_for_each_node_and_changes_none(
    tools: FakeToolbox, files: FakeFiles, tmp_path: Path
) -> None:
    files.put("/tmp/log", b"line\n")
    assert pulled(tools, tmp_path / "new/logs").exit is ExitCode.OK
    assert {path.parent.name: path.read_bytes() for path in tmp_path.glob("new/logs/*/log")} == {
        "r1n1": b"line\n",
        "r1n2": b"line\n",
    }
    assert audit.read_records(tools.state) == []
    assert tools.notes == []


def test_a_folder_that_cannot_be_made_is_told_before_any_node_is_asked(tools: FakeToolbox, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="can't be made"):
        pulled(tools, tmp_path / "file/logs")
    assert tools.transport.dials == {}
