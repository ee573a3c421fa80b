"""Which outcome each failure is, for everything asyncssh, the sockets and the resolver can raise: one table."""

from __future__ import annotations

import errno
import os
import socket

import asyncssh
from asyncssh import misc
from asyncssh.packet import PacketDecodeError
from asyncssh.public_key import KeyExportError, KeyGenerationError, KeyImportError

from aifctl.core.errors import NodeError
from aifctl.core.outcome import Outcome
from aifctl.core.printable import printable
from aifctl.transport.ssh.auth import AuthRefused

#: How much of a server's own words a message may hold.
SAID_CHARACTERS = 200

#: The most derived class that stands here decides. Classes that only servers or key tools raise are listed as well, so
#: that a new class of asyncssh's is noticed by the test that compares.
OUTCOME_OF: dict[type[BaseException], Outcome] = {
    AuthRefused: Outcome.AUTH,
    misc.PermissionDenied: Outcome.AUTH,
    misc.IllegalUserName: Outcome.AUTH,
    misc.PasswordChangeRequired: Outcome.AUTH,
    misc.HostKeyNotVerifiable: Outcome.HOST_KEY,
    misc.ConnectionLost: Outcome.LOST,
    misc.KeyExchangeFailed: Outcome.PROTOCOL,
    misc.ProtocolError: Outcome.PROTOCOL,
    misc.ProtocolNotSupported: Outcome.PROTOCOL,
    misc.ServiceNotAvailable: Outcome.PROTOCOL,
    misc.MACError: Outcome.PROTOCOL,
    misc.CompressionError: Outcome.PROTOCOL,
    misc.DisconnectError: Outcome.PROTOCOL,
    misc.Error: Outcome.PROTOCOL,
    misc.ChannelOpenError: Outcome.PROTOCOL,
    misc.ChannelListenError: Outcome.PROTOCOL,
    misc.BreakReceived: Outcome.PROTOCOL,
    misc.SignalReceived: Outcome.PROTOCOL,
    misc.TerminalSizeChanged: Outcome.PROTOCOL,
    misc.SoftEOFReceived: Outcome.PROTOCOL,
    PacketDecodeError: Outcome.PROTOCOL,
    asyncssh.SFTPError: Outcome.PROTOCOL,
    asyncssh.SFTPConnectionLost: Outcome.LOST,
    asyncssh.SFTPNoConnection: Outcome.LOST,
    asyncssh.ProcessError: Outcome.PROTOCOL,
    asyncssh.TimeoutError: Outcome.TIMEOUT,
    asyncssh.ConfigParseError: Outcome.LOCAL,
    KeyImportError: Outcome.LOCAL,
    KeyExportError: Outcome.LOCAL,
    asyncssh.KeyEncryptionError: Outcome.LOCAL,
    KeyGenerationError: Outcome.LOCAL,
    socket.gaierror: Outcome.DNS,
    TimeoutError: Outcome.CONNECT_TIMEOUT,
    ConnectionRefusedError: Outcome.REFUSED,
    UnicodeError: Outcome.DNS,  # an address that cannot be encoded as a name
}

#: What connect(2), send(2) and socket(2) say, where the class does not say it.
OUTCOME_OF_ERRNO: dict[int, Outcome] = {
    errno.ECONNREFUSED: Outcome.REFUSED,
    errno.EHOSTUNREACH: Outcome.NO_ROUTE,
    errno.ENETUNREACH: Outcome.NO_ROUTE,
    errno.EHOSTDOWN: Outcome.NO_ROUTE,
    errno.ENETDOWN: Outcome.NO_ROUTE,
    errno.ENONET: Outcome.NO_ROUTE,
    errno.ETIMEDOUT: Outcome.CONNECT_TIMEOUT,
    errno.ECONNRESET: Outcome.LOST,
    errno.ECONNABORTED: Outcome.LOST,
    errno.EPIPE: Outcome.LOST,
    errno.EMFILE: Outcome.LOCAL,
    errno.ENFILE: Outcome.LOCAL,
    errno.ENOBUFS: Outcome.LOCAL,
    errno.ENOMEM: Outcome.LOCAL,
    errno.EADDRNOTAVAIL: Outcome.LOCAL,
    errno.EADDRINUSE: Outcome.LOCAL,
    errno.EACCES: Outcome.LOCAL,  # a firewall rule of our own
    errno.EPERM: Outcome.LOCAL,
    errno.EINVAL: Outcome.NO_ROUTE,
    errno.EAFNOSUPPORT: Outcome.NO_ROUTE,
}

_WHAT_NEXT = {
    errno.EMFILE: "raise the limit of open files (ulimit -n) or lower --width",
    errno.ENFILE: "this machine has no more file descriptors; lower --width",
    errno.EADDRNOTAVAIL: "this machine has no more local ports; lower --width or wait a minute",
    errno.ENOBUFS: "this machine is short of network buffers; lower --width",
    errno.ENOMEM: "this machine is short of memory; lower --width",
    errno.EACCES: "a firewall rule of this machine forbids it",
    errno.EPERM: "a firewall rule of this machine forbids it",
}

#: A connection that ends in one of these phases ended because of how busy the node is (MaxStartups, LoginGraceTime,
#: PerSourcePenalties), not because of who we are.
_THROTTLED_PHASES = frozenset({"banner", "key exchange"})


#: How jump hosts word their own failure to connect (strerror, getaddrinfo); RFC 4254 has one code for all of them.
_JUMP_SAYS = (
    ("refused", Outcome.REFUSED),
    ("timed out", Outcome.CONNECT_TIMEOUT),
    ("no route", Outcome.NO_ROUTE),
    ("unreachable", Outcome.NO_ROUTE),
    ("not known", Outcome.DNS),
    ("resolv", Outcome.DNS),
    ("prohibited", Outcome.JUMP),
)


def said(text: str | bytes) -> str:
    """Return a server's words, bounded and harmless."""
    if isinstance(text, bytes):
        text = text[: 4 * SAID_CHARACTERS].decode("utf-8", "backslashreplace")
    text = " ".join(printable(text[: 2 * SAID_CHARACTERS]).split())
    return text if len(text) <= SAID_CHARACTERS else text[: SAID_CHARACTERS - 1] + "…"


def outcome_of(problem: BaseException) -> Outcome | None:
    """Return the table's word for a failure; None for what is not in it, which is a bug of ours."""
    for kind in type(problem).__mro__:
        if kind is OSError:
            break
        if kind in OUTCOME_OF:
            return OUTCOME_OF[kind]
    if isinstance(problem, OSError):
        return OUTCOME_OF_ERRNO.get(problem.errno or 0, Outcome.PROTOCOL)
    return None


def dial_error(problem: Exception, *, where: str, phase: str, banner: bytes = b"") -> NodeError | None:
    """Say why a dial failed; `phase` is how far it came, `banner` what came before (or instead of) the version line."""
    outcome = outcome_of(problem)
    if outcome is None:
        return None
    if isinstance(problem, misc.ChannelOpenError):
        return _jump_failed(problem, where)
    if outcome is Outcome.LOST:
        return _closed_early(where, phase, banner)
    if outcome is Outcome.CONNECT_TIMEOUT:
        return NodeError(outcome, f"no answer from {where} (waiting for: {phase})")
    return NodeError(outcome, _sentence(problem, outcome, where))


def link_error(problem: BaseException | None, *, where: str) -> NodeError:
    """Say why a link that was up is no more: what was under way on it is unknown."""
    if problem is None or outcome_of(problem) is not Outcome.PROTOCOL:
        reason = _reason(problem) if problem else "closed by the other side"
        return NodeError(
            Outcome.LOST, f"the connection to {where} was lost ({reason}): what the command did is unknown"
        )
    return NodeError(Outcome.PROTOCOL, f"{where} broke the SSH protocol: {_reason(problem)}")


def _jump_failed(problem: misc.ChannelOpenError, where: str) -> NodeError:
    reason = said(problem.reason)
    if problem.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return NodeError(Outcome.JUMP, f"the jump host may not connect to {where}: {reason}; see AllowTcpForwarding")
    outcome = next((outcome for word, outcome in _JUMP_SAYS if word in reason.lower()), Outcome.NO_ROUTE)
    return NodeError(outcome, f"the jump host cannot connect to {where}: {reason}")


def _closed_early(where: str, phase: str, banner: bytes) -> NodeError:
    words = f": it says {said(banner)!r}" if banner else ""
    if phase in _THROTTLED_PHASES:
        message = (
            f"{where} closed the connection before the login (phase: {phase}){words}; it may be busy (MaxStartups)"
        )
        return NodeError(Outcome.THROTTLED, message)
    return NodeError(Outcome.AUTH, f"{where} closed the connection during the login{words}; see its sshd log")


def _sentence(problem: Exception, outcome: Outcome, where: str) -> str:
    reason = _reason(problem)
    number = problem.errno if isinstance(problem, OSError) else None
    if outcome is Outcome.AUTH:
        return f"{where} refused the login: {reason}"
    if outcome is Outcome.HOST_KEY:
        return reason
    if outcome is Outcome.REFUSED:
        return f"{where} refused the connection: no sshd listens there"
    if outcome is Outcome.DNS:
        return f"the address of {where} is not found: {reason}"
    if number in _WHAT_NEXT:
        return f"cannot connect to {where}: {reason}; {_WHAT_NEXT[number]}"
    return f"cannot connect to {where}: {reason}"


def _reason(problem: BaseException) -> str:
    if isinstance(problem, misc.HostKeyNotVerifiable):
        return problem.reason
    if isinstance(problem, (misc.DisconnectError, misc.ChannelOpenError)):
        return said(problem.reason)
    if isinstance(problem, OSError) and problem.errno and not isinstance(problem, socket.gaierror):
        return os.strerror(problem.errno)
    return said(str(problem)) or type(problem).__name__
