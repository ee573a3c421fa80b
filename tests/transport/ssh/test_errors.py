"""The table of outcomes knows every exception that asyncssh, the sockets and the resolver can raise."""

from __future__ import annotations

import errno
import importlib
import inspect
import pkgutil
import socket

import asyncssh
import pytest
from asyncssh import misc

from aifctl.core.outcome import NOT_STARTED, Outcome
from aifctl.transport.ssh.auth import AuthRefused
from aifctl.transport.ssh.errors import (
    OUTCOME_OF,
    OUTCOME_OF_ERRNO,
    SAID_CHARACTERS,
    dial_error,
    link_error,
    outcome_of,
    said,
)
from aifctl.transport.ssh.trust import HostKeyRefused

#: Raised inside asyncssh and never let out, or only where key files are made: ASN.1, PKCS, SASLprep, GSS, PKCS#11.
_INTERNAL = {
    "ASN1DecodeError",
    "ASN1EncodeError",
    "ASN1Error",
    "GSSError",
    "KeyEncryptionError",
    "SASLPrepError",
    "_BytesNotAvailable",
}
#: Every SFTP error derives from SFTPError, which stands in the table.
_MODULES_LEFT_OUT = {
    "asyncssh.agent_win32",
    "asyncssh.gss_win32",
    "asyncssh.pkcs11",
    "asyncssh.crypto.x509",
    "asyncssh.gss_unix",
}


def exceptions_of_asyncssh() -> dict[str, type[Exception]]:
    found = {}
    for module in pkgutil.walk_packages(asyncssh.__path__, "asyncssh."):
        if module.name in _MODULES_LEFT_OUT:
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            ours = inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__.startswith("asyncssh")
            if ours and not issubclass(kind, Warning):
                found[name] = kind
    return found


def test_the_table_is_exhaustive_over_asyncssh() -> None:
    found = exceptions_of_asyncssh()
    assert len(found) > 30
    unknown = [
        name for name, kind in found.items() if name not in _INTERNAL and not set(kind.__mro__) & set(OUTCOME_OF)
    ]
    assert unknown == []


def test_the_public_errors_are_told_apart_by_class_and_not_by_their_common_root() -> None:
    for name, kind in exceptions_of_asyncssh().items():
        if issubclass(kind, asyncssh.DisconnectError) and kind.__module__.startswith("asyncssh"):
            assert kind in OUTCOME_OF, name


def test_a_bug_of_ours_is_in_no_table() -> None:
    assert outcome_of(RuntimeError("oops")) is None
    assert outcome_of(AttributeError("oops")) is None


@pytest.mark.parametrize("number", sorted(OUTCOME_OF_ERRNO))
def test_every_errno_of_the_table_gives_a_sentence_with_the_node(number: int) -> None:
    error = dial_error(OSError(number, "text"), where="n1 (10.0.0.1)", phase="TCP connection")
    assert error is not None
    assert "n1 (10.0.0.1)" in error.message


@pytest.mark.parametrize(
    ("problem", "phase", "outcome"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "TCP connection", Outcome.REFUSED),
        (OSError(errno.EHOSTUNREACH, ""), "TCP connection", Outcome.NO_ROUTE),
        (TimeoutError(), "banner", Outcome.CONNECT_TIMEOUT),
        (OSError(errno.ETIMEDOUT, ""), "TCP connection", Outcome.CONNECT_TIMEOUT),
        (socket.gaierror(-2, "Name or service not known"), "name look-up", Outcome.DNS),
        (UnicodeError("label too long"), "name look-up", Outcome.DNS),
        (ConnectionResetError(errno.ECONNRESET, ""), "banner", Outcome.THROTTLED),
        (misc.ConnectionLost("x"), "key exchange", Outcome.THROTTLED),
        (misc.ConnectionLost("x"), "authentication", Outcome.AUTH),
        (AuthRefused("tried a"), "authentication", Outcome.AUTH),
        (HostKeyRefused("changed"), "key exchange", Outcome.HOST_KEY),
        (misc.KeyExchangeFailed("no common cipher"), "key exchange", Outcome.PROTOCOL),
        (misc.MACError("x"), "authentication", Outcome.PROTOCOL),
        (OSError(errno.EMFILE, ""), "TCP connection", Outcome.LOCAL),
    ],
)
def test_a_failed_dial_has_the_outcome_of_how_far_it_came(problem: Exception, phase: str, outcome: Outcome) -> None:
    error = dial_error(problem, where="n1", phase=phase)
    assert error is not None
    assert error.outcome is outcome
    assert error.outcome in NOT_STARTED


def test_a_jump_hosts_reasons_are_read() -> None:
    for reason, outcome in (
        ("Connection refused", Outcome.REFUSED),
        ("Connection timed out", Outcome.CONNECT_TIMEOUT),
        ("No route to host", Outcome.NO_ROUTE),
        ("Name or service not known", Outcome.DNS),
        ("", Outcome.NO_ROUTE),
    ):
        error = dial_error(misc.ChannelOpenError(2, reason), where="n1", phase="jump")
        assert error is not None
        assert error.outcome is outcome
    refused = dial_error(misc.ChannelOpenError(1, "open failed"), where="n1", phase="jump")
    assert refused is not None
    assert refused.outcome is Outcome.JUMP


def test_a_link_that_dies_is_lost_whatever_the_socket_said() -> None:
    for problem in (
        None,
        ConnectionResetError(errno.ECONNRESET, ""),
        OSError(errno.ETIMEDOUT, ""),
        misc.ConnectionLost(""),
    ):
        assert link_error(problem, where="n1").outcome is Outcome.LOST


def test_a_servers_words_are_cut_and_cleaned() -> None:
    assert said(b"\x1b]0;title\x07 hello\xff") == r"\x1b]0;title\x07 hello\xff"
    assert len(said("x" * 10_000)) == SAID_CHARACTERS
