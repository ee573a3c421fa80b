"""trust scan, show, forget: nothing is trusted that nobody agreed to, and everything says where it came from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from aifctl.core.errors import NodeError, RefusedError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.report import Report
from aifctl.custody import audit
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.fleet.endpoint import Endpoint
from aifctl.ops.trust import CHANGE, KEY, forget, scan, show
from aifctl.ports.host_keys import fingerprint_of
from tests.fakes.fleet import FakeTransport
from tests.fakes.toolbox import FakeConfirm, FakeToolbox, racks, toolbox
from tests.ops.run_fakes import ListSink


def key(name: str) -> str:
    """Return the key that a fake node of this name shows."""
    return f"ssh-ed25519 {base64.b64encode(name.encode()).decode()}"


class Silent(FakeTransport):
    """Some nodes do not answer a scan."""

    def __init__(self, *silent: str) -> None:
        super().__init__()
        self._silent = silent

    async def scan(self, endpoint: Endpoint) -> Sequence[str]:
        if endpoint.name in self._silent:
            raise NodeError(Outcome.CONNECT_TIMEOUT, "no answer")
        return await super().scan(endpoint)


@pytest.fixture
def tools(tmp_path: Path) -> FakeToolbox:
    return toolbox(tmp_path, racks(1, nodes_count=2))


def scanned(tools: FakeToolbox, **consent: object) -> tuple[Report, ListSink]:
    sink = ListSink()
    fan = Fan(chosen=Chosen(selector="@all"), consent=Consent(**consent))  # type: ignore[arg-type]
    return scan(fan, tools, sink), sink


def changes(sink: ListSink) -> dict[str, str]:
    assert sink.heads[0].kind is CHANGE
    return {item["node"]: item["change"] for item in sink.items}


def test_new_keys_are_shown_and_written_where_that_is_agreed_to(tools: FakeToolbox) -> None:
    report, sink = scanned(tools, yes=True, reason="new rack")
    assert changes(sink) == {"r1n1": "new", "r1n2": "new"}
    assert sink.items[0]["seen"] == fingerprint_of(key("r1n1"))
    assert report.exit is ExitCode.OK
    assert tools.host_keys.own == {"r1n1": [key("r1n1")], "r1n2": [key("r1n2")]}
    assert "trust scan" in tools.host_keys.comments[0]
    (record,) = audit.read_records(tools.state)
    assert (record["verb"], record["why"]) == ("trust scan", "new rack")
    assert tools.transport.dials == {}
    assert tools.transport.closed


def test_however_few_keys_nobody_trusts_them_unasked(tools: FakeToolbox) -> None:
    with pytest.raises(RefusedError, match="--yes"):
        scanned(tools)
    assert tools.host_keys.own == {}
    assert audit.read_records(tools.state) == []


def test_a_person_types_the_number_of_nodes_and_is_told_which_changed(tools: FakeToolbox) -> None:
    tools.host_keys.own["r1n1"] = [key("impostor")]
    tools.confirm = FakeConfirm(possible=True, typed="1")
    with pytest.raises(RefusedError, match="nothing was written"):
        scanned(tools)
    assert "2 nodes" in tools.confirm.questions[0]
    assert "1 HAVE CHANGED" in tools.confirm.questions[0]
    tools.confirm.typed = "2"
    report, sink = scanned(tools)
    assert report.exit is ExitCode.OK
    assert changes(sink) == {"r1n1": "CHANGED", "r1n2": "new"}
    known = sink.items[0]["known"]
    assert fingerprint_of(key("impostor")) in known
    assert "known_hosts:1" in known


def test_a_dry_runs_hash_trusts_exactly_the_keys_that_it_showed(tools: FakeToolbox) -> None:
    planned, _ = scanned(tools, dry_run=True)
    assert tools.host_keys.own == {}
    tools.host_keys.vouched["r1n2"] = [key("r1n2")]
    with pytest.raises(RefusedError, match=r"1 went \(r1n2\)"):
        scanned(tools, confirm_hash=planned.summary["hash"])
    tools.host_keys.vouched.clear()
    scanned(tools, confirm_hash=planned.summary["hash"])
    assert len(tools.host_keys.own) == 2


def test_where_all_is_as_it_was_nobody_is_asked_and_nothing_is_written(tools: FakeToolbox) -> None:
    scanned(tools, yes=True)
    report, sink = scanned(tools)
    assert (report.exit, set(changes(sink).values())) == (ExitCode.OK, {"same"})
    assert len(tools.host_keys.comments) == 1


@pytest.mark.parametrize(("silent", "code"), [(("r1n2",), ExitCode.COVERAGE), (("r1n1", "r1n2"), ExitCode.NONE_ASKED)])
def test_a_node_that_could_not_be_looked_at_is_a_row_and_no_success(
    tools: FakeToolbox, silent: tuple[str, ...], code: ExitCode
) -> None:
    tools.transport = Silent(*silent)
    report, sink = scanned(tools, yes=True)
    assert report.exit is code
    assert not report.complete
    assert {node for node, change in changes(sink).items() if change == "could not look"} == set(silent)
    assert set(tools.host_keys.own) == {"r1n1", "r1n2"} - set(silent)


def test_scanning_keeps_to_the_width_of_dials(tools: FakeToolbox) -> None:
    most = at_once = 0

    class Counted(FakeTransport):
        async def scan(self, endpoint: Endpoint) -> Sequence[str]:
            nonlocal most, at_once
            at_once += 1
            most = max(most, at_once)
            found = await super().scan(endpoint)
            at_once -= 1
            return found

    tools.transport = Counted()
    tools.settings = tools.settings.with_flags({"dial_width": "1"})
    scanned(tools, yes=True)
    assert most == 1
    told = [event for event, _ in tools.progress.events]
    assert told == ["run_started", *["node_started", "node_finished"] * 2, "run_finished"]


def test_show_tells_every_key_with_its_source_and_who_has_none(tools: FakeToolbox) -> None:
    tools.host_keys.vouched["r1n1"] = [key("r1n1")]
    sink = ListSink()
    report = show(Chosen(selector="@all"), tools, sink)
    assert sink.heads[0].kind is KEY
    assert [(item["node"], item["source"]) for item in sink.items] == [("r1n1", "inventory")]
    assert report.exit is ExitCode.FINDINGS
    assert "r1n2" in report.notes[0]
    assert show(Chosen(selector="r1n1"), tools, ListSink()).exit is ExitCode.OK


def forgotten(tools: FakeToolbox, **consent: object) -> tuple[Report, ListSink]:
    sink = ListSink()
    fan = Fan(chosen=Chosen(selector="@all"), consent=Consent(**consent))  # type: ignore[arg-type]
    return forget(fan, tools, sink), sink


def test_forgetting_a_whole_rack_needs_consent_and_leaves_what_others_vouch_for(tools: FakeToolbox) -> None:
    tools.host_keys.own.update({"r1n1": [key("r1n1")], "r1n2": [key("r1n2")]})
    tools.host_keys.vouched["r1n1"] = [key("other")]
    with pytest.raises(RefusedError, match="--yes"):
        forgotten(tools)
    assert len(tools.host_keys.own) == 2
    planned, shown = forgotten(tools, dry_run=True)
    assert len(shown.items) == 3
    assert len(tools.host_keys.own) == 2
    report, sink = forgotten(tools, confirm_hash=planned.summary["hash"])
    assert tools.host_keys.own == {}
    assert [item["node"] for item in sink.items] == ["r1n1", "r1n2"]
    assert "1 stay" in report.notes[1]
    assert [record["verb"] for record in audit.read_records(tools.state)] == ["trust forget"]
