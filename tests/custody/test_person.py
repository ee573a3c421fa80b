"""Who, and from where, behind sudo and cron."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from aifctl.custody import person

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "loginuid").write_text(str((1 << 32) - 1))
    return tmp_path


def ancestor(proc: Path, pid: int, parent: int, environ: bytes) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "environ").write_bytes(environ)
    (folder / "stat").write_text(f"{pid} (a) b) S {parent} 1 1")


def test_the_login_user_is_named_with_whom_they_act_as(proc: Path) -> None:
    (proc / "self" / "loginuid").write_text("1")

    assert person.real_user({}, proc=proc) == f"{pwd.getpwuid(1).pw_name} (as {ME})"


def test_without_a_login_the_process_own_user_counts(proc: Path) -> None:
    assert person.real_user({}, proc=proc) == ME


def test_somebody_without_a_name_has_a_number(proc: Path) -> None:
    (proc / "self" / "loginuid").write_text("123456789")

    assert person.real_user({}, proc=proc) == f"uid 123456789 (as {ME})"


def test_sudo_is_believed_where_it_has_made_us_root(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert person.real_user({"SUDO_UID": "1", "SUDO_USER": "root"}, proc=proc) == f"{pwd.getpwuid(1).pw_name} (as root)"

    monkeypatch.setattr(os, "getuid", lambda: 2)
    assert person.real_user({"SUDO_UID": "1"}, proc=proc) == pwd.getpwuid(2).pw_name


def test_the_address_of_the_ssh_client_is_found_above_sudo(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getppid", lambda: 30)
    ancestor(proc, 30, 20, b"SHELL=/bin/bash\0")
    ancestor(proc, 20, 10, b"HOME=/\0SSH_CONNECTION=10.0.0.5 52114 10.0.0.1 22\0")
    ancestor(proc, 10, 1, b"SSH_CONNECTION=6.6.6.6 1 1 1\0")

    assert person.from_where({}, proc=proc).startswith("10.0.0.5")
    assert person.from_where({"SSH_CONNECTION": "fd00::7 1 fd00::1 22"}, proc=proc).startswith("fd00::7")


def test_cron_has_neither_address_nor_terminal(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_terminal(descriptor: int) -> str:
        raise OSError(25, "Inappropriate ioctl for device")

    monkeypatch.setattr(os, "ttyname", no_terminal)
    monkeypatch.setattr(os, "getppid", lambda: 30)
    ancestor(proc, 30, 1, b"SHELL=/bin/sh\0")

    assert person.from_where({}, proc=proc) == "no terminal"


def test_a_terminal_is_named_without_its_folder(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ttyname", lambda _: "/dev/pts/3")
    monkeypatch.setattr(os, "getppid", lambda: 1)

    assert person.from_where({}, proc=proc) == "pts/3"
