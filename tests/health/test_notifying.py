"""Incidents told to real receivers on loopback: what is sent, when, how often, and what an unreachable one costs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aifctl.health.notifying import TRIES_COUNT, announce, send_due
from aifctl.ports.store_rows import IncidentRow
from aifctl.ports.store_writes import By, Sighting
from tests.fakes.receiver import Receiver, certificate, listening
from tests.fakes.toolbox import TONIGHT, FakeToolbox, LoopClock, toolbox

ROOT = By(who="root")
_ROOT = Path(__file__).parents[2]
FAULT = Sighting(
    check="xid",
    code="79",
    scope="node",
    scope_value="r1n1",
    result="fault",
    action="reboot",
    message="fell off the bus",
    nodes=("r1n1",),
)
BLIND = replace(FAULT, check="reachability", code="timeout", result="unreachable", action="none")


@dataclass
class HandClock(LoopClock):
    """Stands still until it is told to go on."""

    passed_s: float = 0.0
    looks: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return TONIGHT + timedelta(seconds=self.passed_s)


@dataclass
class Site:
    """A control host whose settings name receivers."""

    tools: FakeToolbox
    clock: HandClock
    folder: Path

    def notify(self, **addresses: str) -> None:
        """Name receivers by kind, each by a file that holds its address."""
        references = []
        for kind, address in addresses.items():
            path = self.folder / f"{kind}.url"
            path.touch(mode=0o600)
            path.write_text(address)
            references.append(f"{kind}=file:{path}")
        self.tools.settings = self.tools.settings.with_flags({"notify": ", ".join(references)})

    def sight(self, *sightings: Sighting, gone: tuple[int, ...] = ()) -> tuple[IncidentRow, ...]:
        return self.tools.store.sight(sightings, ROOT, gone=gone)

    def round(self, *rows: IncidentRow) -> int:
        """Do as a sweep does in its end, and return how much was new."""
        count = announce(rows, self.tools.box)
        self.sent = send_due(self.tools.box)
        return count


@pytest.fixture
def site(tmp_path: Path) -> Site:
    clock = HandClock()
    return Site(tools=toolbox(tmp_path, clock=clock), clock=clock, folder=tmp_path)


def bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(one.body) for one in receiver.letters]


def test_an_incident_is_told_once_to_each_receiver_and_its_end_once(site: Site) -> None:
    with listening() as slack, listening() as webhook:
        site.notify(slack=f"{slack.address}/T0/token", webhook=webhook.address)
        assert site.round(*site.sight(FAULT)) == 2
        assert site.sent.sent_count == 2
        for _ in range(3):
            site.clock.passed_s += 300
            assert site.round(*site.sight(FAULT)) == 0
        site.sight(gone=(1,))
        assert site.round() == 2
        assert site.round() == 0
    assert [one["text"].split("*")[1] for one in bodies(slack)] == ["FIRING", "RESOLVED"]
    assert [(one["status"], one["incident"]) for one in bodies(webhook)] == [("firing", 1), ("resolved", 1)]
    assert len({one["id"] for one in bodies(webhook)}) == 2


def test_what_gets_worse_is_told_again_and_what_gets_better_is_not(site: Site) -> None:
    with listening() as webhook:
        site.notify(webhook=webhook.address)
        for result in ("degraded", "fault", "degraded", "fault"):
            site.round(*site.sight(replace(FAULT, result=result)))
    assert [(one["severity"], one["was"]) for one in bodies(webhook)] == [("degraded", ""), ("fault", "degraded")]


def test_alertmanager_is_sent_all_that_fires_in_every_round_and_the_end_for_a_while(site: Site) -> None:
    with listening() as receiver:
        site.notify(alertmanager=receiver.address)
        site.round(*site.sight(FAULT, replace(FAULT, scope_value="r1n2")))
        assert [len(one) for one in bodies(receiver)] == [1, 1]
        site.clock.passed_s = 300
        site.round(*site.sight(FAULT), *site.sight(gone=(2,)))
        assert (site.sent.sent_count, site.sent.resent_count) == (1, 1)
        site.clock.passed_s = 600
        site.round()
        assert site.sent.resent_count == 2
        site.clock.passed_s = 3000
        site.round()
        assert site.sent.resent_count == 1
    assert {one.path for one in receiver.letters} == {"/api/v2/alerts"}
    last = bodies(receiver)[-1]
    assert [one["labels"]["scope_value"] for one in last] == ["r1n1"]
    assert last[0]["endsAt"] > "2026-11-24T03:50"


def test_what_is_silenced_is_not_told_until_the_silence_ends(site: Site) -> None:
    with listening() as webhook, listening() as alertmanager:
        site.notify(webhook=webhook.address, alertmanager=alertmanager.address)
        (row,) = site.sight(FAULT)
        site.tools.store.silence(row.id, ROOT, until_s=TONIGHT.timestamp() + 600)
        assert site.round(row) == 0
        site.clock.passed_s = 601
        assert site.round(row) == 2
    assert len(webhook.letters) == len(alertmanager.letters) == 1


def test_a_silence_that_comes_between_outbox_and_sending_holds_too(site: Site) -> None:
    with listening() as webhook:
        site.notify(webhook=webhook.address)
        rows = site.sight(FAULT)
        announce(rows, site.tools.box)
        site.tools.store.silence(1, ROOT, until_s=TONIGHT.timestamp() + 600)
        send_due(site.tools.box)
        assert webhook.letters == []
        site.clock.passed_s = 600
        send_due(site.tools.box)
        assert len(webhook.letters) == 1


def test_a_suspect_check_is_told_as_what_it_is(site: Site) -> None:
    with listening() as slack:
        site.notify(slack=slack.address)
        site.round(*site.sight(replace(FAULT, scope="check", scope_value="xid", suspect=True, action="none")))
    assert "the CHECK is suspect" in bodies(slack)[0]["text"]


def test_one_node_that_does_not_answer_is_told_when_that_goes_on_and_a_rack_at_once(site: Site) -> None:
    with listening() as webhook:
        site.notify(webhook=webhook.address)
        assert site.round(*site.sight(BLIND, replace(BLIND, scope="rack", scope_value="r1"))) == 1
        site.clock.passed_s = 300
        assert site.round(*site.sight(BLIND)) == 0
        site.clock.passed_s = 600
        assert site.round(*site.sight(BLIND)) == 1
    assert [one["scope"] for one in bodies(webhook)] == ["rack", "node"]


def test_a_receiver_that_is_away_is_asked_once_a_round_and_again_later_ever_more_seldom(site: Site) -> None:
    with listening(Receiver(statuses=[503, 503])) as webhook:
        site.notify(webhook=f"{webhook.address}/token")
        site.round(*site.sight(FAULT, replace(FAULT, scope_value="r1n2")))
        assert len(webhook.letters) == 1
        assert site.sent.later_count == 2
        assert site.sent.problems == ("the notification to webhook was not sent: it answered 503",)
        for passed_s, letters_count in ((29, 1), (30, 2), (60, 2), (90, 4)):
            site.clock.passed_s = passed_s
            site.round()
            assert len(webhook.letters) == letters_count
    assert [row.state for row in site.tools.store.outbox(due_only=False)] == ["sent", "sent"]


def test_a_receiver_says_itself_how_long_it_wants_to_be_left_alone(site: Site) -> None:
    with listening(Receiver(statuses=[429], headers={"Retry-After": "100"})) as slack:
        site.notify(slack=slack.address)
        site.round(*site.sight(FAULT))
    assert site.tools.store.outbox()[0].due_at_s == TONIGHT.timestamp() + 100


def test_one_notification_that_a_receiver_will_not_have_holds_up_no_other(site: Site) -> None:
    with listening(Receiver(statuses=[400])) as webhook:
        site.notify(webhook=webhook.address)
        site.round(*site.sight(FAULT, replace(FAULT, scope_value="r1n2")))
    assert (site.sent.later_count, site.sent.sent_count) == (1, 1)


def test_what_nobody_takes_is_given_up_with_a_line_in_the_events_and_is_news_again_later(site: Site) -> None:
    site.notify(webhook="http://127.0.0.1:1/token")
    rows = site.sight(FAULT)
    for _ in range(TRIES_COUNT):
        site.round(*rows)
        site.clock.passed_s += 3600
    assert site.sent.given_up_count == 1
    (event,) = [one for one in site.tools.store.events() if one.kind == "notification"]
    assert "given up after try 10: the notification to webhook was not sent: Connection refused" in event.text
    assert site.round(*rows) == 1


def test_the_address_stands_in_nothing_that_is_kept_or_said(site: Site) -> None:
    site.notify(webhook="http://127.0.0.1:1/very-secret-token")
    site.round(*site.sight(FAULT))
    kept = b"".join(path.read_bytes() for path in site.tools.state.path.rglob("*") if path.is_file())
    assert b"very-secret" not in kept
    assert "very-secret" not in " ".join([*site.sent.problems, *(row.last_error for row in site.tools.store.outbox())])


def test_a_receiver_is_believed_by_its_certificate_alone(site: Site, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with listening(tls=pem) as webhook:
        site.notify(webhook=webhook.address)
        site.round(*site.sight(FAULT))
        assert "its certificate is not to be trusted" in site.sent.problems[0]
        site.clock.passed_s = 60
        site.tools.settings = site.tools.settings.with_flags({"notify_ca": str(pem)})
        site.round()
    assert len(webhook.letters) == 1


def test_settings_that_are_wrong_or_an_address_that_can_not_be_read_are_said_and_fail_nobody(site: Site) -> None:
    site.notify(webhook="x")
    (site.folder / "webhook.url").unlink()
    site.round(*site.sight(FAULT))
    assert "the address of webhook can't be read" in site.sent.problems[0]
    site.tools.settings = replace_setting(site, "slack=https://hooks.example/secret")
    assert site.round(*site.sight(FAULT)) == 0
    assert "by reference, never by value" in site.sent.problems[0]
    assert "secret" not in site.sent.problems[0]


def replace_setting(site: Site, text: str) -> Any:
    """Return settings that say it in a file, as a person would."""
    folder = site.folder / "config" / "aifctl"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text(f'notify = "{text}"')
    from aifctl.core.settings import read_settings  # noqa: PLC0415  the one test that reads a file

    return read_settings({"XDG_CONFIG_HOME": str(site.folder / "config")}, system_file=Path("/nonexistent"))


def test_a_receiver_that_is_configured_no_more_is_given_up_and_without_any_nothing_is_asked(site: Site) -> None:
    site.notify(webhook="http://127.0.0.1:1/", slack="http://127.0.0.1:1/")
    announce(site.sight(FAULT), site.tools.box)
    with listening() as slack:
        site.notify(slack=slack.address)
        site.round()
    assert (site.sent.sent_count, site.sent.given_up_count) == (1, 1)
    site.tools.settings = site.tools.settings.with_flags({"notify": ""})
    site.tools.stores.clear()
    assert (site.round(), site.tools.stores) == (0, [])


def test_killed_between_sending_and_settling_it_is_sent_again_under_the_same_id(site: Site) -> None:
    with listening() as webhook:
        site.notify(webhook=webhook.address)
        announce(site.sight(FAULT), site.tools.box)
        told = site.tools.settings.origin("notify").text
        words = [sys.executable, "-m", "tests.health.killed_sender", str(site.folder), told]
        assert subprocess.run(words, check=False, cwd=_ROOT).returncode == -signal.SIGKILL
        site.clock.passed_s = 60
        send_due(site.tools.box)
        assert len(webhook.letters) == 1  # somebody may still be sending it
        site.clock.passed_s = 300
        send_due(site.tools.box)
    first, second = bodies(webhook)
    assert first["id"] == second["id"]
