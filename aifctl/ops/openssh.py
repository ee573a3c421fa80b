"""The argument list for OpenSSH's client: one node, the hops before it, and nobody trusted whom aifctl does not trust.

Pure: values in, words out.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aifctl.core.errors import SetupError

_HOP = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?:\[(?P<bracketed>[^\]]+)\]|(?P<host>[^@:\s\[\]]+))(?::(?P<port>\d+))?")
#: What ssh_config may hold and what must not let in anybody beside: a connection somebody else has opened, keys out of
#: DNS, no check on loopback, keys that a node adds by itself.
_STRICT = (
    ("StrictHostKeyChecking", "yes"),
    ("GlobalKnownHostsFile", "/dev/null"),
    ("VerifyHostKeyDNS", "no"),
    ("UpdateHostKeys", "no"),
    ("CheckHostIP", "no"),
    ("NoHostAuthenticationForLocalhost", "no"),
    ("ControlMaster", "no"),
    ("ControlPath", "none"),
)
#: The same, of options that not every OpenSSH knows: said only to one that has shown that it does.
_STRICT_WHERE_KNOWN = (("knownhostscommand", "none"), ("gssapikeyexchange", "no"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One hop of a chain as it is written: [user@]host[:port]."""

    host: str
    user: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One SSH server, a node or a hop, as far as the command line says how it is reached; the rest is ssh_config's.

    Attributes:
        destination: what ssh_config's Host blocks know it by.
        address: what is dialled; None leaves it to ssh_config.
        config: the one ssh_config file to read, "none" for none at all, None for OpenSSH's own.
        known_hosts: the one file to believe; None as long as ssh is only asked what it makes of its configuration.
        alias: what its certificate must be for, where that is not what is dialled.
        shown: OpenSSH's view of it, keyword (lower case) → value, as `ssh -G` prints it.
    """

    destination: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    identities: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    connect_timeout_s: float = 10.0
    config: str | None = None
    known_hosts: str | None = None
    alias: str = ""
    shown: Mapping[str, str] = field(default_factory=dict)


def parse_chain(chain: str) -> tuple[Hop, ...]:
    """Read "user@host:port,host2"; SetupError where that names no jump host."""
    hops = tuple(_parse_hop(text.strip(), chain) for text in chain.split(",") if text.strip())
    if not hops:
        raise SetupError(f"{chain!r} names no jump host; write user@host:port")
    return hops


def parse_shown(text: str) -> dict[str, str]:
    """Read what `ssh -G` prints; of options that stand more than once the first counts."""
    shown: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        shown.setdefault(name.lower(), value)
    return shown


def question(ssh: str, server: Server) -> list[str]:
    """Return the command that shows what OpenSSH makes of a server, and touches nothing."""
    return [ssh, "-G", *_options(server), "--", server.destination]


def command(ssh: str, server: Server, hops: Sequence[Server], line: str | None) -> list[str]:
    """Return the command that logs in to a server, through hops in their order, and runs `line` there or a shell."""
    # Behind "--" ssh looks for no option, not in the destination and not in the command either.
    words = [line] if line is not None else []
    return [ssh, *_options(server), *(_proxy(ssh, hops) if hops else ()), "--", server.destination, *words]


def config_text(files: Sequence[str], *, by_address: bool) -> str:
    """Return an ssh_config that holds these files; `by_address`: Host blocks about the address dialled count as well.

    OpenSSH compares Host with what was typed; in a final pass it compares with what is dialled, and what the first
    pass has found stands, so that the node's name goes before its address.
    """
    final = "Match final all\n" if by_address else ""
    return "".join(f"Include {_quoted(file)}\n" for file in files) + final


def _parse_hop(text: str, chain: str) -> Hop:
    colons = text.count(":") > 1 and "[" not in text
    match = None if colons else _HOP.fullmatch(text)
    if colons:  # an IPv6 address without brackets leaves no room for a port
        user, _, host = text.rpartition("@")
        return Hop(host=host, user=user or None)
    if match is None:
        raise SetupError(f"{text!r} in {chain!r} is no jump host; write user@host:port")
    port = match["port"]
    return Hop(host=match["bracketed"] or match["host"], user=match["user"], port=int(port) if port else None)


def _proxy(ssh: str, hops: Sequence[Server]) -> list[str]:
    """Return the option that makes the last of these hops the way; -J would forget the trust and the keys on it."""
    if not hops:
        return ["-o", "ProxyCommand=none"]
    last = hops[-1]
    words = [ssh, *_options(last), *_proxy(ssh, hops[:-1])]
    # %h and %p are what is dialled in the end; every other percent sign means itself, at each level anew.
    way = f"{_percent(shlex.join(words))} -W '[%h]:%p' -- {_percent(shlex.quote(last.destination))}"
    return ["-o", f"ProxyCommand={way}"]


def _options(server: Server) -> list[str]:
    words = ["-F", server.config] if server.config else []
    if server.port is not None:
        words += ["-p", str(server.port)]
    if server.user:
        words += ["-l", server.user]
    for identity in server.identities:
        words += ["-i", _percent(_plain(identity))]
    for name, value in (*_ours(server), *server.options):
        words += ["-o", f"{name}={value}"]
    return words


def _ours(server: Server) -> list[tuple[str, str]]:
    """Return our options; ssh takes the first of each, so nothing behind them can undo one."""
    ours = [("ConnectTimeout", str(max(1, math.ceil(server.connect_timeout_s))))]
    if server.address is not None:
        ours.append(("HostName", _percent(server.address)))
    if server.alias:
        ours.append(("HostKeyAlias", server.alias))
    if server.known_hosts is not None:
        ours.append(("UserKnownHostsFile", _quoted(_percent(_plain(server.known_hosts)))))
        ours += _STRICT
    return ours + [(name, safe) for name, safe in _STRICT_WHERE_KNOWN if server.shown.get(name, safe) != safe]


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def _plain(path: str) -> str:
    """Return a path that ssh will take as it is; it expands ${NAME} and has no way to write that otherwise."""
    if "${" in path:
        raise SetupError(f"{path} can't be given to ssh, which expands ${{…}} in it; use a path without")
    return path


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
