"""What stands between a person's mistake and many nodes: caps, the protected set, the question, the hash, the chain."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt, hash_in

pytestmark = pytest.mark.ssh

GUARDED = "policy:\n  guarded: [run]"


def test_a_guarded_run_on_many_nodes_is_refused_without_consent_and_touches_nothing(
    prompt: Prompt, aifctl: InProcess
) -> None:
    prompt.add(GUARDED)
    before = prompt.commands_count()
    said = aifctl("run", "@all", "-o", "json", "--", "true")
    assert said.code == said.envelope()["exit"] == 5
    (error,) = said.envelope()["errors"]
    assert "--yes" in error["message"]
    assert "--confirm-hash" in error["message"]
    assert prompt.commands_count() == before
    assert prompt.journals() == []
    assert prompt.audit() == []


def test_few_nodes_need_no_consent_and_a_whole_rack_always_does(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add(f"{GUARDED}\noverrides:\n  r006n[02-04]: {{rack: r007}}\n  r006n01: {{rack: r008}}")
    assert prompt.aifctl("run", "r001n01,r002n01", "--", "true").code == 0  # 5 % of 24, rounded up
    assert aifctl("run", "r001n01,r002n01,r003n01", "--", "true").code == 5
    assert prompt.aifctl("run", "r006n01", "--", "true").code == 0  # a rack of one node is no rack


def test_yes_answers_the_question(prompt: Prompt) -> None:
    prompt.add(GUARDED)
    said = prompt.json("run", "r001n[01-04]", "--yes", "--reason", "T-17", "--", "true")
    assert said.code == 0
    (record,) = prompt.audit()
    assert (record["verb"], record["why"], record["run"]) == ("run", "T-17", said.envelope()["summary"]["run"])
    assert "r001n[01-04]" in record["what"]
    assert record["who"]
    assert record["hash"]


def test_yes_lifts_neither_a_cap_nor_protection_and_both_are_told_at_once(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add(f"{GUARDED}\n  max_nodes: 5\n  max_nodes_per: {{rack: 3}}\n  protected: r001n01")
    said = aifctl("run", "@all", "--yes", "-o", "json", "--", "true")
    assert said.code == 5
    message = said.envelope()["errors"][0]["message"]
    for what in ("max_nodes", "max_nodes_per", "r001n01", "--exclude"):
        assert what in message
    assert aifctl("run", "r001n[01-02]", "--yes", "--", "true").code == 5
    assert prompt.aifctl("run", "r001n[02-04]", "--yes", "--", "true").code == 0


def test_the_hash_of_a_dry_run_confirms_exactly_that(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add(GUARDED)
    before = prompt.commands_count()
    plan = aifctl("run", "r001n[01-04]", "--dry-run", "-o", "json", "--", "echo", "hi there")
    assert plan.code == 0
    (step,) = plan.envelope()["items"]
    assert (step["nodes"], step["nodes_count"]) == ("r001n[01-04]", 4)
    assert "echo 'hi there'" in step["step"]
    assert prompt.commands_count() == before
    assert prompt.journals() == []

    done = prompt.json("run", "@rack:r001", "--confirm-hash", hash_in(plan), "--", "echo", "hi there")
    assert done.code == 0, done
    assert {item["stdout"] for item in done.items().values()} == {"hi there\n"}


@pytest.mark.parametrize(
    ("selector", "words", "says"),
    [
        ("r001n[01-03],r002n01", ("echo", "hi"), ("1 came (r002n01)", "1 went (r001n04)")),
        ("r001n[01-04]", ("echo", "bye"), ("changed",)),
    ],
)
def test_a_hash_confirms_nothing_else_and_says_who_came_and_went(
    prompt: Prompt, aifctl: InProcess, selector: str, words: tuple[str, ...], says: tuple[str, ...]
) -> None:
    prompt.add(GUARDED)
    plan = aifctl("run", "r001n[01-04]", "--dry-run", "-o", "json", "--", "echo", "hi")
    said = aifctl("run", selector, "--confirm-hash", hash_in(plan), "-o", "json", "--", *words)
    assert said.code == 5
    for sentence in says:
        assert sentence in said.envelope()["errors"][0]["message"]
    assert prompt.journals() == []


def test_push_delete_is_guarded_and_plain_push_is_not(prompt: Prompt, aifctl: InProcess, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/kept").write_text("kept\n")
    assert prompt.aifctl("run", "r001n[01-04]", "--", "mkdir -p /tmp/g && echo old > /tmp/g/old").code == 0
    assert prompt.aifctl("push", "r001n[01-04]", f"{tmp_path}/tree", "/tmp/g").code == 0
    assert aifctl("push", "r001n[01-04]", f"{tmp_path}/tree", "/tmp/g", "--delete").code == 5

    look = prompt.json("push", "r001n[01-04]", f"{tmp_path}/tree", "/tmp/g", "--delete", "--dry-run")
    assert look.code == 0
    assert "/tmp/g/old" in str(look.items()["r001n01"]["detail"]["would_delete"])
    (hint,) = [note for note in look.envelope()["notes"] if "--confirm-hash" in note]
    assert prompt.aifctl("run", "r001n01", "--", "test -e /tmp/g/old").code == 0

    confirmed = prompt.aifctl(
        "push", "r001n[01-04]", f"{tmp_path}/tree", "/tmp/g", "--delete", "--confirm-hash", hint.split()[-1]
    )
    assert confirmed.code == 0, confirmed
    assert prompt.aifctl("run", "r001n01", "--", "ls /tmp/g").out.count("old") == 0


def test_a_dry_run_that_is_repeated_stays_one(prompt: Prompt, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("new\n")
    failed = prompt.aifctl("push", "r001n01", f"{tmp_path}/file", "/tmp/later/file")
    assert failed.code == 1
    assert prompt.aifctl("run", "r001n01", "--", "mkdir /tmp/later").code == 0
    (push, _) = prompt.journals()
    looked = prompt.aifctl("runs", "retry", push.parent.name, "--dry-run")
    assert looked.code == 0, looked
    looked_again = prompt.aifctl("runs", "retry", "latest", "--outcome", "ok")
    assert looked_again.code == 0, looked_again
    assert prompt.aifctl("run", "r001n01", "--", "test -e /tmp/later/file").code == 1


def test_a_stale_inventory_is_refused_by_what_changes_and_read_by_what_looks(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add("policy:\n  stale_after: 1h")
    os.utime(prompt.inventory, (0, 0))
    said = aifctl("run", "r001n01", "-o", "json", "--", "true")
    assert said.code == 5
    assert "stale_after" in said.envelope()["errors"][0]["message"]
    assert aifctl("run", "r001n01", "--yes", "--", "true").code == 5
    assert aifctl("nodes", "r001n01", "-o", "nodeset").out == "r001n01\n"


def test_what_changes_names_its_inventory_and_what_looks_does_not(prompt: Prompt, aifctl: InProcess) -> None:
    assert str(prompt.inventory) in prompt.aifctl("run", "r001n01", "--", "true").err
    assert prompt.aifctl("run", "r001n01", "-q", "--", "true").err == ""
    assert aifctl("nodes", "r001n01").err == ""


def test_repeating_a_guarded_run_needs_consent_again(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add(GUARDED)
    assert prompt.aifctl("run", "r001n[01-04]", "--yes", "--", "false").code == 1
    assert aifctl("runs", "retry", "latest").code == 5
    assert len(prompt.journals()) == 1
    again = prompt.json("runs", "retry", "latest", "--yes")
    assert again.code == 1
    assert len(again.items()) == 4
    first, second = prompt.audit()
    assert first["run"] in second["why"]


@pytest.mark.parametrize(("typed", "code"), [("4\n", 0), ("5\n", 5), ("\n", 5)])
def test_on_a_terminal_the_count_must_be_typed(prompt: Prompt, typed: str, code: int) -> None:
    prompt.add(GUARDED)
    process, mine = prompt.at_terminal("run", "r001n[01-04]", "-o", "count", "--", "true")
    shown = ""
    while "nodes to go on:" not in shown:
        shown += os.read(mine, 4096).decode()
    os.write(mine, typed.encode())
    out, _ = process.communicate(timeout=30)
    os.close(mine)
    assert process.returncode == code
    assert "4 nodes (r001n[01-04])" in shown
    assert out == (b"4\n" if code == 0 else b"")


def test_the_audit_chain_is_whole_after_runs_by_several_commands(prompt: Prompt) -> None:
    processes = [prompt.start("run", f"r00{rack}n01", "--", "true") for rack in (1, 2, 3)]
    assert [prompt.finish(process).code for process in processes] == [0, 0, 0]
    records = prompt.audit()
    assert len(records) == 3
    assert [record["prev"] for record in records[1:]] == [record["hash"] for record in records[:-1]]
