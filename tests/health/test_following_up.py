"""node reboot and node reset-gpu: whom they touch, what they hold, what is looked at afterwards."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.errors import BackendError, BusyError, RefusedError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Report
from aifctl.custody.audit import read_records
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fanout.runs import read_run
from aifctl.fleet.lifecycle import State
from aifctl.fleet.policy import Policy
from aifctl.health.following_up import FollowUpAsked, follow_up_again, reboot, reset_gpu
from aifctl.health.looking_again import LookedAgain
from aifctl.ops import again as ops_again
from aifctl.ops.again import AgainAsked
from aifctl.ports.store_writes import By, Move
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import Ended
from tests.fakes.booting import BootingNode, BootingTransport
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.toolbox import FakeToolbox, racks, toolbox
from tests.ops.run_fakes import ListSink

PAT = By(who="pat")
OUT = {"r1n1": State.DRAINED, "r1n2": State.DRAINED, "r1n3": State.ALLOCATED, "r1n4": State.DRAINING}


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(4, states=OUT))


def asked(selector: str, *, skip_busy: bool = False, **consent: Any) -> FollowUpAsked:
    fan = Fan(chosen=Chosen(selector=selector, skip_busy=skip_busy), consent=Consent(**consent))
    return FollowUpAsked(fan=fan, look_every_s=0.01)


def looks(found: Mapping[str, str], leases: list[list[str]]) -> Any:
    def look_again(names: Sequence[str], tools: Toolbox) -> LookedAgain:
        leases.append([lease.scope for lease in tools.store.leases()])
        return LookedAgain(results={name: found[name] for name in names if name in found})

    return look_again


def rebooted(tools: FakeToolbox, what: FollowUpAsked, **nodes: BootingNode) -> tuple[Report, ListSink]:
    tools.transport = BootingTransport(**nodes)  # type: ignore[assignment]
    sink = ListSink()
    return reboot(what, tools.box, sink, look_again=looks(dict.fromkeys(nodes, "ok"), [])), sink


def test_drained_nodes_reboot_are_waited_for_and_looked_at_while_they_are_still_held(tools: FakeToolbox) -> None:
    tools.transport = BootingTransport(r1n1=BootingNode(away_s=0.05), r1n2=BootingNode(away_s=0.05))  # type: ignore[assignment]
    sink, leases = ListSink(), list[list[str]]()
    report = reboot(
        asked("r1n[1-2]", yes=True), tools.box, sink, look_again=looks({"r1n1": "ok", "r1n2": "ok"}, leases)
    )

    assert report.exit is ExitCode.OK
    assert [(one["node"], one["outcome"], one["result"], one["boot_id"]) for one in sink.items] == [
        ("r1n1", "ok", "ok", "boot-2"),
        ("r1n2", "ok", "ok", "boot-2"),
    ]
    assert leases == [["node:r1n1", "node:r1n2"]]
    assert tools.store.leases() == []
    record = read_run(tools.state, report.summary["run"])
    assert record.summary.verb == "reboot"
    assert [one["verb"] for one in read_records(tools.state)] == ["reboot"]


def test_what_is_not_well_afterwards_is_a_finding(tools: FakeToolbox) -> None:
    tools.transport = BootingTransport(r1n1=BootingNode(away_s=0.02))  # type: ignore[assignment]
    report = reboot(asked("r1n1"), tools.box, ListSink(), look_again=looks({"r1n1": "fault"}, []))
    assert report.exit is ExitCode.FINDINGS
    assert "1 node (r1n1) not well afterwards" in report.notes[-1]


def test_where_nobody_could_look_afterwards_it_is_said_and_what_was_done_is_reported(tools: FakeToolbox) -> None:
    def away(_names: Sequence[str], _tools: Toolbox) -> LookedAgain:
        raise BackendError("the database is away")

    for look, why in ((looks({}, []), "could not be looked at since:"), (away, "the database is away")):
        tools.transport = BootingTransport(r1n1=BootingNode(away_s=0.02))  # type: ignore[assignment]
        sink = ListSink()
        report = reboot(asked("r1n1"), tools.box, sink, look_again=look)
        assert why in report.notes[-1]
        assert (sink.items[0]["outcome"], sink.items[0]["result"]) == ("ok", None)


def test_a_node_that_does_not_come_back_is_a_coverage_gap_and_is_not_looked_at(tools: FakeToolbox) -> None:
    what = replace(asked("r1n1"), back_s=0.05)
    report, sink = rebooted(tools, what, r1n1=BootingNode(away_s=None))
    assert (report.exit, sink.items[0]["outcome"]) == (ExitCode.COVERAGE, "timeout")
    assert "not come back" in sink.items[0]["message"]


@pytest.mark.parametrize(
    ("node", "error", "why"),
    [
        ("r2n1", RefusedError, "1 ready, in service .*drain first"),
        ("r1n3", BusyError, "1 allocated"),
        ("r1n4", BusyError, "1 draining"),
    ],
)
def test_what_is_in_service_is_refused_before_anything_is_sent(
    tools: FakeToolbox, node: str, error: type[Exception], why: str
) -> None:
    for verb in (reboot, reset_gpu):
        with pytest.raises(error, match=why):
            verb(asked(f"r1n1,{node}"), tools.box, ListSink())
    assert tools.transport.dials == {}


def test_what_is_in_service_is_left_out_where_it_may_be(tools: FakeToolbox) -> None:
    report, sink = rebooted(tools, asked("r1n1,r1n3,r2n1", skip_busy=True), r1n1=BootingNode(away_s=0.02))
    assert [(one["node"], one["outcome"]) for one in sink.items if one["outcome"] != "skipped"] == [("r1n1", "ok")]
    assert "left out: " in report.notes[0]
    with pytest.raises(RefusedError):
        reboot(asked("r2n1", skip_busy=True), tools.box, ListSink())


def test_what_another_run_holds_or_another_tool_has_drained_is_refused(tools: FakeToolbox) -> None:
    tools.store.acquire(["node:r1n1"], owner="run x", purpose="play", for_s=1e9)
    with pytest.raises(BusyError, match="leased by run x"):
        reboot(asked("r1n1"), tools.box, ListSink())
    path = (State.DRAINED, State.READY, State.DRAINING, State.DRAINED)
    for version in range(3):
        move = Move(
            node="r1n2",
            source=path[version],
            target=path[version + 1],
            expected_version=version,
            reason="maintenance",
            owner="slurm",
        )
        tools.store.move([move], PAT)
    with pytest.raises(RefusedError, match="not by aifctl: maintenance"):
        reset_gpu(asked("r1n2"), tools.box, ListSink())


def test_it_asks_before_it_touches_many_and_a_freeze_forbids_it(tmp_path: Path) -> None:
    tools = toolbox(tmp_path, racks(4, states={f"r1n{number}": State.DRAINED for number in range(1, 9)}))
    with pytest.raises(RefusedError, match="the whole of rack r1"):
        reboot(asked("@rack:r1"), tools.box, ListSink())
    assert tools.store.leases() == []
    tools.store.freeze("@all", list(tools.fleet.names), PAT, reason="demo day")
    with pytest.raises(RefusedError, match="frozen by pat"):
        reboot(asked("r1n1"), tools.box, ListSink())
    tools.fleet = racks(4, states={"r1n1": State.DRAINED}, policy=Policy(protected="r1n1"))
    with pytest.raises(RefusedError, match="protected"):
        reboot(asked("r1n1", yes=True), tools.box, ListSink())


def test_a_dry_run_says_what_would_be_done_and_touches_nothing(tools: FakeToolbox) -> None:
    sink = ListSink()
    report = reboot(asked("r1n1", dry_run=True), tools.box, sink)
    assert sink.items[0]["step"].startswith("systemctl reboot")
    assert (tools.transport.dials, tools.stores) == ({}, [])
    assert report.summary["nodes_count"] == 1


def test_a_reset_runs_nvidia_smi_as_root_and_says_what_it_said(tools: FakeToolbox) -> None:
    tools.transport = FakeTransport(ordinary=Script(stdout=(b"GPU 0000:18:00.0 was successfully reset.\nAll done.\n",)))
    sink = ListSink()
    report = reset_gpu(asked("r1n1"), tools.box, sink, look_again=looks({"r1n1": "ok"}, []))
    assert (sink.items[0]["outcome"], sink.items[0]["message"]) == ("ok", "All done.")
    assert "a reset is no boot" in report.notes[-1]
    ((node, line),) = tools.transport.sent
    assert node == "r1n1"
    assert line.startswith("sudo -n -u root -- ")
    assert "nvidia-smi --gpu-reset" in line


def test_a_reset_that_fails_says_why_and_is_not_looked_at(tools: FakeToolbox) -> None:
    refusal = b"aifctl: processes use its GPUs: 4711\n"
    tools.transport = FakeTransport(ordinary=Script(stderr=(refusal,), ended=Ended(rc=75)))
    sink, leases = ListSink(), list[list[str]]()
    report = reset_gpu(asked("r1n1"), tools.box, sink, look_again=looks({}, leases))
    assert report.exit is ExitCode.FINDINGS
    assert (sink.items[0]["rc"], sink.items[0]["message"]) == (75, "aifctl: processes use its GPUs: 4711")
    assert leases == []


def test_nothing_selected_is_nothing_done(tools: FakeToolbox) -> None:
    fan = Fan(chosen=Chosen(selector="@state:repair", allow_empty=True))
    assert "nothing is selected" in reboot(FollowUpAsked(fan=fan), tools.box, ListSink()).notes[0]


HELD = b"aifctl-held 1700000000 1700000120 R7 ctl2 eve collect 9f\n"


def refusing(*, nodes: Sequence[str] = ("r1n1",)) -> FakeTransport:
    """Return nodes that another control host's run holds; the others do as they are told."""
    held = Script(stderr=(HELD,), ended=Ended(rc=75))
    return FakeTransport(dict.fromkeys(nodes, held), Script(stdout=(b"All done.\n",)))


def test_what_a_run_of_another_control_host_holds_is_left_alone_and_named(tools: FakeToolbox) -> None:
    tools.transport = refusing()
    sink, looked = ListSink(), list[list[str]]()
    report = reset_gpu(asked("r1n[1-2]", yes=True), tools.box, sink, look_again=looks({"r1n2": "ok"}, looked))
    found = {one["node"]: (one["outcome"], one["message"]) for one in sink.items}
    assert found["r1n2"] == ("ok", "All done.")
    assert found["r1n1"][0] == "skipped"
    assert (
        "held by eve collect 9f, run R7 of ctl2, since 2023-11-14 22:13Z, until 2023-11-14 22:15Z" in found["r1n1"][1]
    )
    assert report.exit is ExitCode.BUSY
    assert "1 node (r1n1) held by another run, and left alone" in report.notes
    skipping = reset_gpu(
        asked("r1n[1-2]", yes=True, skip_busy=True), tools.box, ListSink(), look_again=looks({"r1n2": "ok"}, [])
    )
    assert skipping.exit is ExitCode.OK


def test_a_reboot_names_itself_on_the_node_and_begins_none_that_is_held(tools: FakeToolbox) -> None:
    node = BootingNode(away_s=0.02)
    report, _ = rebooted(tools, asked("r1n1"), r1n1=node)
    (line,) = [one for one in node.commands if "systemctl" in one]
    assert all(word in line for word in (report.summary["run"], socket.gethostname(), "away 1800 "))
    held = BootingNode(away_s=0.02, refuses=HELD.decode(), refuses_rc=75)
    report, sink = rebooted(tools, asked("r1n2"), r1n2=held)
    assert (report.exit, sink.items[0]["outcome"], held.boots_count) == (ExitCode.BUSY, "skipped", 1)


def again(tools: FakeToolbox, *, of: str, retry: str | None = None, more: str | None = None) -> tuple[Report, ListSink]:
    sink = ListSink()
    given = AgainAsked(run=of, consent=Consent(yes=True), outcomes=retry, again=more)
    others = {"reboot": quick_again, "reset-gpu": quick_again}
    return (ops_again.retry if retry else ops_again.resume)(given, tools.box, sink, others=others), sink


def quick_again(record: Any, names: tuple[str, ...], fan: Fan, tools: Toolbox, sink: Any) -> Report:
    found = dict.fromkeys(names, "ok")
    return follow_up_again(record, names, fan, tools, sink, look_again=looks(found, []))


def test_a_resumed_reset_does_the_rest_once_as_the_same_owner(tools: FakeToolbox) -> None:
    tools.transport = refusing()
    first = reset_gpu(asked("r1n[1-2]", yes=True), tools.box, ListSink(), look_again=looks({}, []))
    owner = read_run(tools.state, first.summary["run"]).head["owner"]
    tools.transport = FakeTransport(ordinary=Script(stdout=(b"All done.\n",)))
    report, sink = again(tools, of=first.summary["run"])
    assert [(one["node"], one["outcome"]) for one in sink.items] == [("r1n1", "ok")]
    assert report.exit is ExitCode.OK
    ((node, line),) = tools.transport.sent
    assert (node, owner in line) == ("r1n1", True)
    report, sink = again(tools, of=first.summary["run"])
    assert (sink.items, report.exit) == ([], ExitCode.OK)


def test_a_node_that_was_told_to_reboot_is_told_again_only_where_somebody_says_so(tools: FakeToolbox) -> None:
    gone = BootingNode(away_s=None)
    first, _ = rebooted(tools, replace(asked("r1n1"), back_s=0.05), r1n1=gone)
    commands = list(gone.commands)
    report, sink = again(tools, of=first.summary["run"])
    assert (sink.items, gone.commands, report.exit) == ([], commands, ExitCode.COVERAGE)
    assert "--again timeout" in report.notes[-1]
    tools.transport = BootingTransport(r1n1=BootingNode(away_s=0.02))  # type: ignore[assignment]
    report, sink = again(tools, of=first.summary["run"], more="timeout")
    assert [(one["node"], one["outcome"]) for one in sink.items] == [("r1n1", "ok")]


def test_what_is_retried_meets_the_same_guards(tools: FakeToolbox) -> None:
    tools.transport = FakeTransport(ordinary=Script(ended=Ended(rc=1)))
    first = reset_gpu(asked("r1n1"), tools.box, ListSink(), look_again=looks({}, []))
    run = first.summary["run"]
    tools.store.acquire(["node:r1n1"], owner="run x", purpose="play", for_s=1e9)
    with pytest.raises(BusyError, match="leased by run x"):
        again(tools, of=run, retry="exit")
    tools.store.break_leases(["node:r1n1"], PAT, reason="mine")
    tools.fleet = racks(4)
    with pytest.raises(RefusedError, match="drain first"):
        again(tools, of=run, retry="exit")
    tools.fleet = racks(4, states=OUT)
    tools.transport = FakeTransport()
    report, sink = again(tools, of=run, retry="exit")
    assert (report.exit, [one["outcome"] for one in sink.items]) == (ExitCode.OK, ["ok"])
