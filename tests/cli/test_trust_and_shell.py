"""Host keys and the prompt, through the real command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh


@pytest.fixture
def known(prompt: Prompt) -> Path:
    """Give a known_hosts file of the operator's own, empty as yet, in place of the fleet's."""
    file = prompt.home / "known_hosts"
    text = prompt.inventory.read_text()
    prompt.inventory.write_text(text.replace(str(prompt.fleet.files.known_hosts), str(file)))
    return file


def test_keys_are_scanned_compared_agreed_to_and_then_trusted(prompt: Prompt, known: Path) -> None:
    before = prompt.json("run", "r001n01", "--", "true")
    assert before.outcomes() == {"r001n01": "host-key"}
    assert "trust scan" in before.items()["r001n01"]["message"]

    refused = prompt.json("trust", "scan", "r001n[01-02]", "--known-hosts", str(known))
    assert refused.code == 5
    assert not known.exists()
    planned = prompt.json("trust", "scan", "r001n[01-02]", "--known-hosts", str(known), "--dry-run")
    scanned = prompt.json(
        *("trust", "scan", "r001n[01-02]", "--known-hosts", str(known)),
        *("--confirm-hash", planned.envelope()["summary"]["hash"]),
    )
    assert scanned.code == 0, scanned
    assert {item["change"] for item in scanned.envelope()["items"]} == {"new"}
    assert known.stat().st_mode & 0o777 == 0o600
    assert len(known.read_text().splitlines()) == 2
    assert prompt.json("run", "r001n[01-02]", "--", "true").code == 0

    shown = prompt.json("trust", "show", "r001n01")
    (key,) = shown.envelope()["items"]
    assert key["source"].startswith(str(known))
    assert "trust scan" in key["comment"]


def test_a_changed_key_is_shown_beside_the_old_one_and_replaced_only_by_consent(prompt: Prompt, known: Path) -> None:
    scan = ("trust", "scan", "r001n01", "--known-hosts", str(known))
    assert prompt.aifctl(*scan, "--yes").code == 0
    old = known.read_text()
    prompt.break_("wrong-host-key@r001n01")
    assert prompt.json(*scan).code == 5
    assert known.read_text() == old
    changed = prompt.json(*scan, "--yes")
    (item,) = changed.envelope()["items"]
    assert item["change"] == "CHANGED"
    assert item["seen"].startswith("SHA256:")
    assert item["seen"] not in item["known"]
    assert prompt.json("run", "r001n01", "--", "true").code == 0
    assert len(known.read_text().splitlines()) == 1


def test_a_node_that_cannot_be_looked_at_is_3_and_nobody_is_4(prompt: Prompt, known: Path) -> None:
    prompt.break_("refused@r001n01")
    scan = ("--known-hosts", str(known), "--yes")
    assert prompt.aifctl("trust", "scan", "r001n[01-02]", *scan).code == 3
    assert prompt.aifctl("trust", "scan", "r001n01", *scan).code == 4


def test_forgetting_removes_what_scan_wrote(prompt: Prompt, aifctl: InProcess, known: Path) -> None:
    assert prompt.aifctl("trust", "scan", "r001n[01-02]", "--known-hosts", str(known), "--yes").code == 0
    said = aifctl("trust", "forget", "r001n01", "--known-hosts", str(known), "-o", "json")
    assert said.code == 0
    assert len(known.read_text().splitlines()) == 1
    assert aifctl("trust", "show", "r001n01", "-o", "json").code == 1
    assert [record["verb"] for record in prompt.audit()] == ["trust scan", "trust forget"]


def test_the_prompt_reads_a_pipe_line_by_line(prompt: Prompt) -> None:
    said = prompt.aifctl("shell", "r001n[01-02]", "-o", "plain", stdin="hostname\n:nodes r002n01\n:bogus\necho done\n")
    assert said.code == 2  # one line was wrong, the others were done
    for text in ("r001n01", "r001n02", "done"):
        assert text in said.out
    assert ":bogus" in said.err
    assert len(prompt.journals()) == 2


def test_the_prompts_exit_code_is_the_worst_of_its_rounds(prompt: Prompt) -> None:
    assert prompt.aifctl("shell", "r001n01", stdin="true\n").code == 0
    assert prompt.aifctl("shell", "r001n01", stdin="false\ntrue\n").code == 1
    prompt.break_("refused@r001n01")
    assert prompt.aifctl("shell", "r001n01", stdin="true\n").code == 4
    assert prompt.aifctl("shell", "nosuch", stdin="true\n").code == 2
