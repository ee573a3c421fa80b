"""Whom to tell of incidents, as settings name them: `alertmanager=file:/etc/aifctl/alertmanager.url, slack=cmd:…`.

An address may hold a token, so that it stands in none of our files: what is written is where to read it from.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from aifctl.core.errors import UsageError


class ChannelKind(StrEnum):
    """What a receiver understands."""

    ALERTMANAGER = "alertmanager"
    SLACK = "slack"  # and what takes the same: Mattermost, Rocket.Chat, Discord's /slack
    WEBHOOK = "webhook"  # our own JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One receiver. `name` is its kind, and behind it a number from the second of that kind on."""

    name: str
    kind: ChannelKind
    reference: str


_REFERENCES = ("file:", "fd:", "cmd:")
_KINDS = tuple(one.value for one in ChannelKind)
#: A command may hold commas: only one before another kind parts two channels.
_BETWEEN = re.compile(rf"\s*,\s*(?=(?:{'|'.join(_KINDS)})=)")


def parse_channels(text: str) -> tuple[Channel, ...]:
    """Parse KIND=REF, KIND=REF, …; UsageError that shows nothing of a text that may be an address."""
    counts: Counter[str] = Counter()
    channels = []
    for number, part in enumerate(_BETWEEN.split(text.strip()) if text.strip() else (), start=1):
        kind, _, reference = part.strip().partition("=")
        if kind not in _KINDS:
            raise UsageError(f"receiver {number} does not begin with {', '.join(f'{one}=' for one in _KINDS)}")
        if not reference.startswith(_REFERENCES) or reference.endswith(":"):
            raise UsageError(
                f"the address of receiver {number} ({kind}) is given by reference, never by value: file:PATH, fd:N or "
                "cmd:COMMAND; a token that stood here should be changed"
            )
        counts[kind] += 1
        name = kind if counts[kind] == 1 else f"{kind}-{counts[kind]}"
        channels.append(Channel(name=name, kind=ChannelKind(kind), reference=reference))
    return tuple(channels)
