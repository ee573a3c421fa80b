"""aifctl sweep --sudo with the real command on simulated nodes: as root, with a password and without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh

NODES = "r003n[01-02]"


def outcomes(aifctl: InProcess, *words: str) -> tuple[int, set[tuple[str, str]]]:
    said = aifctl("sweep", NODES, "-o", "json", *words)
    return said.code, {(item["outcome"], item["result"]) for item in said.envelope()["items"]}


def test_root_looks_where_the_login_user_may_not(prompt: Prompt, aifctl: InProcess) -> None:
    assert outcomes(aifctl, "--sudo") == (0, {("ok", "ok")})
    assert outcomes(aifctl, "--sudo") == (0, {("ok", "ok")})  # the probe is there by now


def test_a_password_comes_by_reference_and_without_one_nothing_is_called_clean(
    prompt: Prompt, aifctl: InProcess, tmp_path: Path
) -> None:
    prompt.break_(f"sudo-password@{NODES}")
    code, found = outcomes(aifctl, "--sudo")
    assert (code, found) == (3, {("exit", "unknown")})
    secret = tmp_path / "password"
    secret.write_text("simulated\n")
    secret.chmod(0o600)
    assert outcomes(aifctl, "--sudo", "--sudo-password", f"file:{secret}") == (0, {("ok", "ok")})
