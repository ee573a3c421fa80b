"""A command as another user; in real shells it is tried with the verbs that send it (tests/ops/test_remote.py)."""

from __future__ import annotations

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.secret import Secret
from aifctl.fanout.remote_command import build_command


def test_a_command_of_the_login_users_own_is_sent_as_it_is() -> None:
    command = build_command("id", sudo=None, password=None, timeout_s=5.0, stdin=b"x")
    assert (command.line, command.stdin, command.timeout_s, command.end_as) == ("id", b"x", 5.0, None)


def test_as_another_user_it_is_ended_as_that_user_and_a_password_is_never_in_it() -> None:
    command = build_command("id", sudo="root", password=Secret(b"hunter2"), timeout_s=None)
    assert command.end_as == "root"
    assert "hunter2" not in command.line


def test_what_is_no_login_is_refused() -> None:
    with pytest.raises(UsageError):
        build_command("id", sudo="-u x", password=None, timeout_s=None)
