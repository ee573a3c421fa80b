"""Secrets come by reference and are seen nowhere: not in children's arguments, journals, plans, reports or errors."""

from __future__ import annotations

import contextlib
from pathlib import Path

import asyncssh
import pytest

from tests.cli.prompt import InProcess, Prompt
from tests.command import Said

pytestmark = pytest.mark.ssh

PASSWORD = "simulated"  # the simulated fleet's own


def everything_written(prompt: Prompt) -> str:
    return "".join(path.read_text(errors="replace") for path in prompt.state.rglob("*") if path.is_file())


def nowhere(prompt: Prompt, *said: Said) -> None:
    """Check that no secret is in what was said or written."""
    assert PASSWORD not in everything_written(prompt)
    for one in said:
        assert PASSWORD not in one.out + one.err


@pytest.fixture
def password(prompt: Prompt) -> Path:
    file = prompt.home / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    prompt.break_("sudo-password@r001n[01-02]")
    return file


def test_a_sudo_password_from_a_file_works_and_is_seen_nowhere(prompt: Prompt, password: Path) -> None:
    args = ("r001n[01-02]", "--sudo", "--sudo-password", f"file:{password}", "-v", "-o", "json")
    said = prompt.aifctl("run", *args, "--", "id -un")
    assert {item["stdout"] for item in said.items().values()} == {"root\n"}, said
    looked = prompt.aifctl("runs", "show", "-o", "json")
    planned = prompt.aifctl("run", *args, "--dry-run", "--", "id -un")
    again = prompt.aifctl("runs", "retry", "--outcome", "ok", "-o", "json")
    assert {item["stdout"] for item in again.items().values()} == {"root\n"}, again
    nowhere(prompt, said, looked, planned, again)


def test_a_script_gets_neither_the_password_nor_its_prompt(prompt: Prompt, password: Path) -> None:
    script = prompt.home / "s.sh"
    script.write_text('#!/bin/sh\nid -un; echo "in: $(cat)"\n')
    said = prompt.aifctl(
        *("script", "r001n01", str(script), "--sudo", "--sudo-password", f"file:{password}", "--stdin", "-o", "json"),
        stdin="mine",
    )
    item = said.items()["r001n01"]
    assert (item["stdout"], item["stderr"]) == ("root\nin: mine\n", ""), said
    nowhere(prompt, said)


def test_a_wrong_password_is_that_nodes_auth_and_asked_for_once(prompt: Prompt, password: Path) -> None:
    password.write_text("wrong-but-secret\n")
    said = prompt.aifctl("run", "r001n01", "--sudo", "--sudo-password", f"file:{password}", "-o", "json", "--", "true")
    assert said.outcomes() == {"r001n01": "auth"}, said
    assert "wrong-but-secret" not in said.out + said.err + everything_written(prompt)


def test_without_a_password_sudo_never_waits_for_one(prompt: Prompt, password: Path) -> None:
    assert password.exists()
    said = prompt.json("run", "r001n01", "--sudo", "--", "true")
    assert said.outcomes() == {"r001n01": "exit"}
    assert "password is required" in said.items()["r001n01"]["stderr"]


@pytest.mark.parametrize("reference", ["fd:3", "cmd:cat password"])
def test_a_password_comes_from_a_descriptor_or_a_command(prompt: Prompt, password: Path, reference: str) -> None:
    said = prompt.shell(
        f"aifctl run r001n01 --sudo --sudo-password '{reference}' -- id -un 3<{password}", cwd=prompt.home
    )
    assert said.code == 0, said
    assert "root" in said.out
    nowhere(prompt, said)


@pytest.mark.parametrize(
    ("reference", "code"),
    [("hunter2", 2), ("file:", 2), ("env:PASSWORD", 2), ("file:/nonexistent", 6), ("cmd:false", 6), ("fd:77", 6)],
)
def test_what_is_no_reference_or_leads_nowhere_is_said_without_it(
    prompt: Prompt, aifctl: InProcess, reference: str, code: int
) -> None:
    said = aifctl("run", "r001n01", "--sudo", "--sudo-password", reference, "-o", "json", "--", "true")
    assert said.code == code, said
    assert "hunter2" not in said.out + said.err
    assert prompt.journals() == []


def test_a_secret_that_others_can_read_is_refused(prompt: Prompt, aifctl: InProcess, password: Path) -> None:
    password.chmod(0o640)
    said = aifctl("run", "r001n01", "--sudo", "--sudo-password", f"file:{password}", "--", "true")
    assert said.code == 6
    assert "chmod 600" in said.err
    nowhere(prompt, said)


def test_no_child_and_no_variable_holds_a_secret_while_it_is_in_use(prompt: Prompt, password: Path) -> None:
    prompt.break_("hang@r001n02")
    process = prompt.hanging(
        "run", "r001n02", "--sudo", "--sudo-password", f"file:{password}", "--workers", "2", "--", "true"
    )
    ours = [str(process.pid), *children_of(process.pid)]
    for pid in ours:
        for name in ("cmdline", "environ"):
            assert PASSWORD.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
    process.terminate()
    nowhere(prompt, prompt.finish(process))


def test_an_encrypted_key_needs_its_password_by_reference(prompt: Prompt, aifctl: InProcess, tmp_path: Path) -> None:
    key = asyncssh.read_private_key(str(prompt.fleet.files.identity))
    locked = tmp_path / "locked"
    locked.write_bytes(key.export_private_key("openssh", passphrase="key-secret", rounds=16, ignore_few_rounds=True))
    locked.chmod(0o600)
    said = aifctl("run", "r001n01", "--identity", str(locked), "-o", "json", "--", "true")
    assert said.code == 6
    assert "--key-password" in said.envelope()["errors"][0]["message"]
    secret = tmp_path / "secret"
    secret.write_text("key-secret\n")
    secret.chmod(0o600)
    opened = prompt.aifctl(
        "run", "r001n01", "--identity", str(locked), "--key-password", f"file:{secret}", "--", "true"
    )
    assert opened.code == 0, opened
    assert "key-secret" not in said.err + opened.out + opened.err + everything_written(prompt)


def test_for_ssh_no_key_password_is_taken_or_fetched(prompt: Prompt, tmp_path: Path) -> None:
    fetched = tmp_path / "fetched"
    refused = prompt.aifctl("ssh", "r001n01", "--key-password", f"cmd:touch {fetched}", "--", "hostname")
    assert refused.code == 2
    assert "ssh asks" in refused.err
    said = prompt.aifctl("ssh", "r001n01", "--", "hostname", env={"AIFCTL_KEY_PASSWORD": f"cmd:touch {fetched}"})
    assert (said.code, said.out) == (0, "r001n01\n"), said
    assert not fetched.exists()


def test_a_credential_in_the_inventory_is_a_mistake(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add("overrides:\n  r001n01: {labels: {bmc_password: hunter2}}")
    said = aifctl("inventory", "check", "-o", "json")
    assert said.code == 6
    assert "hunter2" not in said.out + said.err


def children_of(pid: int) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(entry.name)
    return found
