"""Bringing notifications to receivers: addresses read once, and a receiver that does not answer asked once a round."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from aifctl.core.channels import Channel, ChannelKind
from aifctl.core.errors import AifctlError
from aifctl.core.secret import Secret
from aifctl.custody.secret_source import read_secret
from aifctl.dispatch.posting import Letter, Reply, Send, call_out

_ALERTS_PATH = "/api/v2/alerts"
#: So a receiver refuses one notification, not all: another may well pass.
_OF_ONE = frozenset({400, 409, 413, 422})


class Postman:
    """One round. A receiver that has failed is not called again in it: 500 alerts don't wait 10 s each for a dead one.

    Attributes:
        failed: receivers that take nothing in this round. problems: the first that went wrong with each.
    """

    def __init__(self, channels: Mapping[str, Channel], *, ca_file: str, send: Send | None = None) -> None:
        self._channels, self._ca_file, self._send = channels, ca_file, send
        self._addresses: dict[str, Secret] = {}
        self.failed: dict[str, Reply] = {}
        self.problems: dict[str, str] = {}

    def bring(self, name: str, body: bytes, *, id: str = "") -> Reply:  # noqa: A002  the word receivers use
        """Send a body to the receiver of this name; what went wrong is told without its address."""
        if name in self.failed:
            return self.failed[name]
        channel = self._channels[name]
        try:
            address = self._address(channel)
        except AifctlError as problem:
            reply = Reply(problem=str(problem))
        else:
            headers = {"Content-Type": "application/json", **({"Idempotency-Key": id} if id else {})}
            letter = Letter(body=body, headers=headers, ca_file=self._ca_file)
            reply = call_out(address, letter, what=f"the notification to {name}", send=self._send)
        if reply.problem and reply.status not in _OF_ONE:
            self.failed[name] = reply
        if reply.problem:
            self.problems.setdefault(name, reply.problem)
        return reply

    def _address(self, channel: Channel) -> Secret:
        if channel.name not in self._addresses:
            address = read_secret(channel.reference, what=f"the address of {channel.name}")
            self._addresses[channel.name] = (
                _alerts_address(address) if channel.kind is ChannelKind.ALERTMANAGER else address
            )
        return self._addresses[channel.name]


def _alerts_address(address: Secret) -> Secret:
    """Return where Alertmanager takes alerts; what is configured is its address, as a browser has it."""
    parts = urlsplit(address.reveal().decode("utf-8", "replace").strip())
    path = parts.path.rstrip("/")
    whole = path if path.endswith(_ALERTS_PATH) else path + _ALERTS_PATH
    return Secret(urlunsplit(parts._replace(path=whole)).encode())
