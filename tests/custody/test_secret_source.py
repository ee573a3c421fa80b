"""Secrets come by reference; what can't be read is said without the secret."""

from __future__ import annotations

import getpass
import os
import shlex
import sys
import warnings
from pathlib import Path

import pytest

from aifctl.core.errors import AifctlError, SetupError, UsageError
from aifctl.custody.secret_source import read_secret


def file_of(tmp_path: Path, data: bytes, mode: int = 0o600) -> str:
    path = tmp_path / "secret"
    path.write_bytes(data)
    path.chmod(mode)
    return f"file:{path}"


def printing(data: str) -> str:
    return "cmd:" + shlex.join([sys.executable, "-c", f"print({data!r}, end='')"])


@pytest.mark.parametrize("data", [b"hunter2", b"hunter2\n", b"hunter2\r\n"])
def test_a_file_gives_its_one_line(tmp_path: Path, data: bytes) -> None:
    assert read_secret(file_of(tmp_path, data), what="the sudo password").reveal() == b"hunter2"


def test_spaces_belong_to_the_secret(tmp_path: Path) -> None:
    assert read_secret(file_of(tmp_path, b" hunter 2 \n"), what="it").reveal() == b" hunter 2 "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SetupError, match=f"others can read it .mode {mode:04o}.; chmod 600 it"):
        read_secret(file_of(tmp_path, b"hunter2", mode), what="it")


def test_a_descriptor_gives_its_line_and_stays_open() -> None:
    read_end, write_end = os.pipe()
    os.write(write_end, b"hunter2\n")
    os.close(write_end)
    try:
        assert read_secret(f"fd:{read_end}", what="it").reveal() == b"hunter2"
        assert os.read(read_end, 1) == b""
    finally:
        os.close(read_end)


def test_a_command_gives_its_line() -> None:
    assert read_secret(printing("hunter2\n"), what="it").reveal() == b"hunter2"


def test_the_terminal_is_asked_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def person(question: str) -> str:
        asked.append(question)
        return "hunter2"

    monkeypatch.setattr(getpass, "getpass", person)
    assert read_secret("ask", what="the sudo password").reveal() == b"hunter2"
    assert asked == ["the sudo password: "]


@pytest.mark.parametrize("reference", ["hunter2", "file:", "cmd:", "env:X", ""])
def test_a_value_in_place_of_a_reference_is_refused_and_not_repeated(reference: str) -> None:
    with pytest.raises(UsageError, match="the sudo password is given by reference, never by value") as told:
        read_secret(reference, what="the sudo password")
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"hunter2\nmore"])
def test_what_is_not_one_line_is_refused_and_not_repeated(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(SetupError, match="must be one line that is not empty") as told:
        read_secret(file_of(tmp_path, data), what="it")
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("file:/nonexistent/secret", "No such file"),
        ("fd:977", "Bad file descriptor"),
        ("fd:one", "N must be the number"),
        ("cmd:/nonexistent/program hunter2", "No such file"),
        ("cmd:false hunter2", "it ended with status 1"),
        ("cmd:yes hunter2", "it prints more than 65536 bytes"),
        ("cmd:'unclosed hunter2", "ValueError"),
    ],
)
def test_what_cant_be_read_is_told_without_its_argument(reference: str, reason: str) -> None:
    with pytest.raises(
        AifctlError, match=f"it can't be read from {reference.split(':', maxsplit=1)[0]}:…: {reason}"
    ) as told:
        read_secret(reference, what="it")
    assert "hunter2" not in str(told.value)


def test_without_a_terminal_nothing_is_asked_where_it_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(question: str) -> str:
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=1)
        return question

    monkeypatch.setattr(getpass, "getpass", blind)
    with pytest.raises(SetupError, match="it can't be read from ask:…: there is no terminal to ask at"):
        read_secret("ask", what="it")
