"""What this control host allows: open files, a folder for the output."""

from __future__ import annotations

import pytest

from tests.cli.prompt import Prompt

pytestmark = pytest.mark.ssh


def test_too_few_open_files_for_one_connection_are_6_before_anything_is_begun(prompt: Prompt) -> None:
    before = prompt.commands_count()
    said = prompt.shell("ulimit -n 60; aifctl run r001n01 -o json -- true")
    assert said.code == 6, said
    (error,) = said.envelope()["errors"]
    assert "ulimit -n" in error["message"]
    assert prompt.commands_count() == before
    assert list(prompt.state.glob("runs/*")) == [], "a run that never began stands in no list"
    assert prompt.audit() == []


def test_an_outdir_that_can_not_be_is_6_before_anything_is_begun(prompt: Prompt) -> None:
    (prompt.home / "file").touch()
    said = prompt.json("run", "r001n01", "--outdir", f"{prompt.home}/file/out", "--", "true")
    assert said.code == 6, said
    assert f"{prompt.home}/file/out" in said.envelope()["errors"][0]["message"]
    assert list(prompt.state.glob("runs/*")) == []
    assert prompt.audit() == []


def test_the_limit_that_a_shell_has_lowered_is_raised_again(prompt: Prompt) -> None:
    """Debian's shells start with a soft limit of 1,024, which must cost no width."""
    said = prompt.shell("ulimit -S -n 72; aifctl doctor -o json")
    found = [item for item in said.envelope()["items"] if item["what"] == "open files"]
    assert [item["status"] for item in found] == ["ok"], found
