"""Old runs go when somebody says how many stay: a state directory must not fill the disk that runs need."""

from __future__ import annotations

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh


def test_only_the_newest_stay_and_the_removed_are_told(prompt: Prompt, aifctl: InProcess) -> None:
    for word in ("one", "two", "three"):
        assert prompt.aifctl("run", "r001n01", "--", "echo", word).code == 0
    first, second, third = (path.parent.name for path in prompt.journals())
    said = aifctl("runs", "prune", "--keep", "1", "-o", "json")
    assert said.code == 0
    assert [item["run"] for item in said.envelope()["items"]] == [first, second]
    assert [path.parent.name for path in prompt.journals()] == [third]
    assert aifctl("runs", "show", third).code == 0
    assert aifctl("runs", "show", first).code == 2


def test_how_many_stay_must_be_said(prompt: Prompt, aifctl: InProcess) -> None:
    assert prompt.aifctl("run", "r001n01", "--", "true").code == 0
    for args in ((), ("--keep", "-1"), ("--keep", "some"), ("--keep", "")):
        said = aifctl("runs", "prune", *args)
        assert said.code == 2
        assert "--keep" in said.err
    assert len(prompt.journals()) == 1


def test_a_run_that_goes_on_and_what_it_continues_stay(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.break_("hang@r001n02")
    process = prompt.hanging("run", "r001n02", "--", "hostname")
    assert aifctl("runs", "prune", "--keep", "0").code == 0
    assert len(prompt.journals()) == 1
    assert aifctl("runs", "stop").code == 0
    prompt.finish(process)
