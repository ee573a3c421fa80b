"""What became of one node in one run: the closed list that journals, reports and exit codes share."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """One per node and run. Only OK and EXIT and SIGNALLED mean that the remote command ended by itself."""

    OK = "ok"
    EXIT = "exit"  # the command ran and returned non-zero
    SIGNALLED = "signalled"
    TIMEOUT = "timeout"  # the command ran past --timeout and was ended
    CONNECT_TIMEOUT = "connect-timeout"
    REFUSED = "refused"
    NO_ROUTE = "no-route"
    THROTTLED = "throttled"  # sshd closed before or instead of its banner (MaxStartups, LoginGraceTime)
    DNS = "dns"
    JUMP = "jump"  # no jump host of the node's could be used
    AUTH = "auth"
    HOST_KEY = "host-key"
    PROTOCOL = "protocol"
    LOST = "lost"  # the link died mid-command: what it did is unknown, so it is never repeated by itself
    UNREADABLE = "unreadable"  # answered, but not in our language
    LOCAL = "local"  # our own limit: file descriptors, disk
    CANCELLED = "cancelled"
    SKIPPED = "skipped"  # not asked, on purpose: its lifecycle state, a busy lease
    UNKNOWN = "unknown"  # a bug of ours while handling this node; traceback kept


#: The command ran to its own end: the node was asked and has answered.
ANSWERED = frozenset({Outcome.OK, Outcome.EXIT, Outcome.SIGNALLED})

#: Nothing has started on the node, so trying again cannot do it twice.
NOT_STARTED = frozenset(
    {
        Outcome.CONNECT_TIMEOUT,
        Outcome.REFUSED,
        Outcome.NO_ROUTE,
        Outcome.THROTTLED,
        Outcome.DNS,
        Outcome.JUMP,
        Outcome.AUTH,
        Outcome.HOST_KEY,
        Outcome.PROTOCOL,
        Outcome.LOCAL,
    }
)
