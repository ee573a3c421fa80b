"""What an operator reads of a node after real sweeps over SSH, and a check that is muted and heard again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh

SICK, WELL = "r003n02", "r003n03"


def findings(aifctl: InProcess, node: str) -> dict[str, dict[str, Any]]:
    return {item["check"]: item for item in aifctl("node", "why", node, "-o", "json").envelope()["items"]}


def swept(prompt: Prompt, *faults: str) -> None:
    """Sweep once as all is well, then again after these faults."""
    prompt.aifctl("sweep")
    if faults:
        prompt.break_(*faults)
        prompt.aifctl("sweep")


def test_a_sick_node_is_explained_and_a_well_one_is_not_suspected(prompt: Prompt, aifctl: InProcess) -> None:
    swept(prompt, f"ib-down:2@{SICK}")
    found = findings(aifctl, SICK)["port-state"]
    assert (found["result"], found["action"], found["scope"]) == ("fault", "cable", "node")
    assert found["clean_at"] < found["since_at"]
    assert "nothing stands against r003n03" in aifctl("node", "why", WELL).err
    shown = aifctl("node", "show", SICK).out
    assert re.search(r"findings +fault port-state", shown)
    history = aifctl("node", "history", SICK, "-o", "json").envelope()["items"]
    assert [item["kind"] for item in history][:2] == ["facts", "looks"]
    assert "opened" in {item["kind"] for item in history}
    events = aifctl("events", "--since", "1h", "-o", "json").envelope()["items"]
    assert {"run", "sweep", "finding", "incident"} <= {item["kind"] for item in events}
    about = aifctl("events", SICK, "-o", "json").envelope()["items"]
    assert {item["node"] for item in about if item["kind"] != "run"} == {SICK}
    assert "run" in {item["kind"] for item in about}, "those that were for it"
    counted = {item["check"]: item["counts"] for item in aifctl("checks", "list", "-o", "json").envelope()["items"]}
    assert counted["port-state"] == {"fault": 1}


def test_a_muted_check_reads_unknown_until_it_is_heard_again(prompt: Prompt, aifctl: InProcess) -> None:
    swept(prompt, f"ib-down:2@{SICK}")
    since = findings(aifctl, SICK)["port-state"]["since_at"]
    words = ("checks", "mute", "port-state", "--nodes", SICK, "--until", "1h", "--reason", "ticket 811")
    assert aifctl(*words).code == 0
    prompt.aifctl("sweep")
    muted = findings(aifctl, SICK)["port-state"]
    assert (muted["result"], muted["action"], muted["since_at"]) == ("unknown", "none", since)
    assert "muted until" in muted["message"]
    assert "ticket 811" in aifctl("checks", "list").out
    assert aifctl("checks", "unmute", "port-state").code == 0
    prompt.aifctl("sweep")
    heard = findings(aifctl, SICK)["port-state"]
    assert (heard["result"], heard["since_at"]) == ("fault", since)
    assert [record["verb"] for record in prompt.audit()] == ["checks mute", "checks unmute"]


def test_notes_are_written_and_read(aifctl: InProcess) -> None:
    assert aifctl("node", "note", f"{SICK},{WELL}", "cable reseated").code == 0
    assert aifctl("node", "note", "@all", "-o", "nodeset").out == "r003n[02-03]\n"


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("node", "show", "r003n99"), 2, "r003n98"),
        (("node", "why", "@all"), 2, "this is for one"),
        (("checks", "explain", "port-sate"), 2, "did you mean port-state?"),
        (("checks", "mute", "port-state", "--until", "1h", "--reason", " "), 2, "needs a --reason"),
        (("checks", "mute", "port-state", "--until", "2020-01-01", "--reason", "x"), 2, "not ahead"),
        (("checks", "mute", "port-state", "--reason", "x"), 2, "--until"),
        (("checks", "unmute", "port-state"), 2, "is not muted"),
        (("events", "--since", "soon"), 2, "is no time"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_2_and_said(aifctl: InProcess, words: tuple[str, ...], code: int, why: str) -> None:
    said = aifctl(*words)
    assert said.code == code, said
    assert why.replace("r003n98", "r003n0") in said.err


def test_on_a_terminal_no_line_of_a_node_is_wider_than_it(prompt: Prompt) -> None:
    swept(prompt, f"ib-down:2@{SICK}", f"hot@{SICK}")
    for verb, width in (("show", "80"), ("show", "40"), ("why", "80"), ("why", "40")):
        shown = prompt.on_screen("node", verb, SICK, env={"COLUMNS": width, "TERM": "xterm", "NO_COLOR": "1"}).out
        report, _, _ = shown.partition(f"{SICK}: ")
        assert max(len(line) for line in report.splitlines()) <= int(width), shown


def test_a_site_overrules_a_profile_beside_its_inventory(prompt: Prompt, aifctl: InProcess) -> None:
    folder = prompt.inventory.parent / "profiles"
    folder.mkdir()
    (folder / "h100-sxm5.yaml").write_text(
        "skus: [h100*]\ninherits: h100-sxm5\nexpectations:\n  port.count: {value: 9, source: ours}\n"
    )
    said = aifctl("checks", "explain", "port-count", "-o", "json").envelope()["items"][0]["thresholds"][0]
    assert said["profiles"]["h100-sxm5"]["value"] == 9
    prompt.aifctl("sweep")
    found = findings(aifctl, WELL)["port-count"]
    assert (found["result"], found["source"]) == ("fault", "ours")
    (folder / "h100-sxm5.yaml").write_text("skus: [h100*]\nexpectations:\n  port.cuont: {value: 9, source: ours}\n")
    broken = prompt.aifctl("sweep")
    assert broken.code == 6
    assert f"{folder}/h100-sxm5.yaml:3: " in broken.err
