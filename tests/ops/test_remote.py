"""Command lines for the nodes: quoting, sudo, scripts; tried in real shells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.secret import Secret
from aifctl.fanout.remote_command import build_command
from aifctl.ops.remote import command_line, interpreter_of, script_line

AWKWARD = ["a b", "it's", '"q"', "$HOME", "`id`", "*", "back\\slash", "", "two\nlines", "é"]


def test_one_argument_goes_as_it_is_and_several_are_quoted_one_by_one() -> None:
    assert command_line(["dmesg | tail -3"]) == "dmesg | tail -3"
    assert command_line(["echo", "a b"]) == "echo 'a b'"


@pytest.mark.parametrize("words", [[], [""], ["", ""]])
def test_no_command_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(UsageError, match="behind --"):
        command_line(words)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_awkward_arguments_arrive_in_every_login_shell(shell: str) -> None:
    line = command_line(["printf", "%s\\0", *AWKWARD])
    said = subprocess.run([shell, "-c", line], capture_output=True, check=True)
    assert said.stdout.decode().split("\0")[:-1] == AWKWARD


def test_without_sudo_nothing_is_put_around_the_line() -> None:
    command = build_command("id", sudo=None, password=None, timeout_s=5.0)
    assert (command.line, command.end_as, command.timeout_s, command.prompt) == ("id", None, 5.0, b"")


def test_sudo_without_a_password_never_asks() -> None:
    command = build_command("id; id", sudo="root", password=None, timeout_s=None)
    assert command.line.startswith("sudo -n -u root -- ")
    assert command.end_as == "root"


def test_sudo_with_a_password_has_a_prompt_of_its_own_and_the_password_is_not_in_the_line() -> None:
    secret = Secret(b"hunter2")
    one, two = (build_command("id", sudo="ops", password=secret, timeout_s=None) for _ in range(2))
    assert one.prompt
    assert one.prompt != two.prompt, "a node could print a prompt that it knows"
    assert one.prompt.decode() in one.line
    assert "hunter2" not in one.line + repr(one)
    assert one.password is secret


def test_the_line_behind_sudo_is_one_word_for_a_shell(tmp_path: Path) -> None:
    fake = tmp_path / "sudo"
    fake.write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n')
    fake.chmod(0o700)
    command = build_command('echo "it\'s $((1+1))" | cat; exit 3', sudo="root", password=None, timeout_s=None)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SHELL": "/bin/sh"}
    said = subprocess.run(["/bin/sh", "-c", command.line], env=environ, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (3, "it's 2\n")


@pytest.mark.parametrize(
    ("text", "interpreter"),
    [
        (b"echo hi\n", ("/bin/sh",)),
        (b"#!/usr/bin/env python3\n", ("/usr/bin/env", "python3")),
        (b"#! /usr/bin/awk -f -v x=1\n", ("/usr/bin/awk", "-f -v x=1")),
        (b"#!/bin/bash\r\n", ("/bin/bash",)),
        (b"", ("/bin/sh",)),
    ],
)
def test_the_first_line_is_split_as_the_kernel_does(text: bytes, interpreter: tuple[str, ...]) -> None:
    assert interpreter_of(text) == interpreter


@pytest.mark.parametrize("text", [b"#!\n", b"#!  \nx", b"#!\xff\xfe\n"])
def test_a_first_line_that_names_no_interpreter_is_a_usage_error(text: bytes) -> None:
    with pytest.raises(UsageError, match="#!"):
        interpreter_of(text)


def sent(
    folder: Path, name: str, text: bytes, *arguments: str, more: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a script as a node's login shell would."""
    line = script_line(name, text, arguments)
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(folder)}
    return subprocess.run(["/bin/sh", "-c", line], input=text + more, env=environ, capture_output=True, check=False)


def test_a_script_gets_its_arguments_and_the_rest_of_stdin_and_is_gone_afterwards(tmp_path: Path) -> None:
    text = b'#!/bin/sh\nprintf "%s\\0" "$@"; cat; ls -l "$0" | cut -c 1-10; exit 7\n'
    said = sent(tmp_path, "s.sh", text, *AWKWARD, more=b"input\n")
    *words, rest = said.stdout.decode().split("\0")
    assert words == AWKWARD
    assert rest == "input\n-rw-------\n"
    assert said.returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_a_script_keeps_its_name_where_that_is_harmless(tmp_path: Path) -> None:
    text = b'basename "$0"\n'
    for name, shown in (("check.sh", "check.sh"), ("-rf x;y", "rf_x_y"), ("...", "script"), ("a/b", "a_b")):
        assert sent(tmp_path, name, text).stdout.decode().strip() == shown


def test_an_interpreter_with_an_argument_gets_both(tmp_path: Path) -> None:
    said = sent(tmp_path, "s", b"#!/bin/sh -x\necho hi\n", "one")
    assert said.stdout == b"hi\n"
    assert b"+ echo hi" in said.stderr


def test_a_script_that_is_cut_off_on_its_way_does_not_run(tmp_path: Path) -> None:
    line = script_line("s.sh", b"echo one; echo two\n", ())
    environ = {"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path)}
    said = subprocess.run(["/bin/sh", "-c", line], input=b"echo one;", env=environ, capture_output=True, check=False)
    assert (said.returncode, said.stdout) == (125, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_node_without_room_for_the_script_says_125(tmp_path: Path) -> None:
    said = sent(tmp_path / "missing", "s.sh", b"echo one\n")
    assert (said.returncode, said.stdout) == (125, b"")


@pytest.mark.parametrize("sudo", ["-s", "ops\n"])
def test_sudo_takes_no_user_that_nobody_is_called(sudo: str) -> None:
    with pytest.raises(UsageError, match="is not a user's name"):
        build_command("id", sudo=sudo, password=None, timeout_s=None)
