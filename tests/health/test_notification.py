"""How each kind of receiver is told of an incident."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from aifctl.core.channels import ChannelKind
from aifctl.health.notification import alerts_body, body_for, parse_telling, render_telling, telling_of
from aifctl.ports.store_rows import IncidentRow

ROW = IncidentRow(
    id=12,
    check="xid",
    code="79",
    scope="rack",
    scope_value="r012",
    result="fault",
    action="reboot",
    opened_at_s=1_795_500_000.0,
    updated_at_s=1_795_500_600.0,
    nodes=("r012n1", "r012n2", "r012n3"),
    message="3 nodes of rack r012: fell off the bus <!channel>\x1b[2J",
)
NOW_S = 1_795_500_700.0


def body(kind: ChannelKind, row: IncidentRow, was: str = "") -> Any:
    return json.loads(body_for(kind, telling_of(row, was=was), id="id-1", now_s=NOW_S))


def test_alertmanager_gets_labels_that_stay_the_same_while_it_fires_and_an_end_that_lies_ahead() -> None:
    (alert,) = body(ChannelKind.ALERTMANAGER, ROW)
    assert alert["labels"] == {
        "alertname": "xid",
        "code": "79",
        "scope": "rack",
        "scope_value": "r012",
        "severity": "fault",
        "source": "aifctl",
    }
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-11-24T06:00:00.000Z", "2026-11-24T07:11:40.000Z")
    assert alert["annotations"]["nodes"] == "r012n[1-3]"
    assert alert["annotations"]["action"] == "reboot"
    assert "\x1b" not in alert["annotations"]["description"]


def test_an_alert_ends_when_its_incident_is_closed() -> None:
    (alert,) = body(ChannelKind.ALERTMANAGER, replace(ROW, closed_at_s=NOW_S - 50))
    assert alert["endsAt"] == "2026-11-24T06:10:50.000Z"


def test_the_alert_that_it_was_under_another_severity_ends_with_it() -> None:
    now, before = body(ChannelKind.ALERTMANAGER, ROW, was="degraded")
    assert (now["labels"]["severity"], before["labels"]["severity"]) == ("fault", "degraded")
    assert before["endsAt"] == "2026-11-24T06:11:40.000Z"


def test_several_alerts_travel_as_one_list() -> None:
    tellings = [telling_of(ROW), telling_of(replace(ROW, scope_value="r013"))]
    assert [one["labels"]["scope_value"] for one in json.loads(alerts_body(tellings, now_s=NOW_S))] == ["r012", "r013"]


def test_slack_is_told_what_where_and_what_to_do_and_calls_nobody_by_what_a_node_has_said() -> None:
    text = body(ChannelKind.SLACK, ROW)["text"]
    assert text.startswith("*FIRING* fault: xid 79 on rack r012\n3 nodes of rack r012: fell off the bus")
    assert "Do: reboot" in text
    assert "3 nodes: r012n[1-3]" in text
    assert "`aifctl incident show 12`" in text
    assert "<!channel>" not in text


def test_slack_is_told_of_the_end_and_of_a_check_that_is_suspect() -> None:
    ended = body(ChannelKind.SLACK, replace(ROW, closed_at_s=NOW_S))["text"]
    assert ended.startswith("*RESOLVED* fault: xid 79 on rack r012\n")
    assert "until 2026-11-24T06:11:40.000Z" in ended
    suspect = body(ChannelKind.SLACK, replace(ROW, suspect=True, scope="check", action="none"))["text"]
    assert "the CHECK is suspect" in suspect
    assert "look at the check before the nodes" in suspect


def test_a_webhook_gets_all_of_it_under_an_id_that_stays() -> None:
    told = body(ChannelKind.WEBHOOK, ROW)
    assert (told["schema"], told["id"], told["status"], told["incident"]) == (
        "aifctl/v1/Notification",
        "id-1",
        "firing",
        12,
    )
    assert (told["opened_at"], told["closed_at"]) == ("2026-11-24T06:00:00.000Z", None)


def test_what_is_told_is_small_whatever_the_incident_holds() -> None:
    huge = replace(ROW, message="x" * 9999, scope_value="y" * 9999, nodes=tuple(f"a{n}b" for n in range(0, 4000, 2)))
    assert len(render_telling(telling_of(huge))) < 2000


@pytest.mark.parametrize("text", ["[]", "{}", '"firing"'])
def test_what_is_no_notification_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError, match="no notification of ours"):
        parse_telling(text)
    assert parse_telling(render_telling(telling_of(ROW))) == telling_of(ROW)
