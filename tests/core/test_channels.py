"""Receivers of notifications, as settings name them."""

from __future__ import annotations

import pytest

from aifctl.core.channels import Channel, ChannelKind, parse_channels
from aifctl.core.errors import UsageError


def test_each_receiver_has_a_kind_a_name_and_a_reference() -> None:
    text = "alertmanager=file:/etc/a.url, slack=cmd:pass show slack, with=comma, webhook=fd:7,slack=file:/b"
    assert parse_channels(text) == (
        Channel(name="alertmanager", kind=ChannelKind.ALERTMANAGER, reference="file:/etc/a.url"),
        Channel(name="slack", kind=ChannelKind.SLACK, reference="cmd:pass show slack, with=comma"),
        Channel(name="webhook", kind=ChannelKind.WEBHOOK, reference="fd:7"),
        Channel(name="slack-2", kind=ChannelKind.SLACK, reference="file:/b"),
    )
    assert parse_channels("  ") == ()


@pytest.mark.parametrize(
    "text", ["slack=https://hooks.example/T0/secret", "secret", "mail=secret@example.org", "slack=file:", "slack="]
)
def test_what_is_no_reference_is_a_mistake_that_shows_nothing_of_it(text: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_channels(text)
    assert "secret" not in str(told.value)
