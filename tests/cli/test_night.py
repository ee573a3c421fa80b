"""One night with a broken GPU, from cron's sweep to a node that is back in service, as everybody saw it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.prompt import Prompt
from tests.command import Said
from tests.fakes.receiver import Receiver, listening

NODE = "r002n03"

pytestmark = pytest.mark.ssh


@pytest.fixture
def pager(prompt: Prompt) -> Receiver:
    """A receiver that the operator's settings name; whoever uses it serves it."""
    return Receiver()


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """Return status, check and scope of what the receiver was told."""
    bodies = [json.loads(one.body) for one in receiver.letters]
    return [(body["status"], body["check"], body["scope_value"]) for body in bodies]


def sweep(prompt: Prompt, *args: str) -> Said:
    return prompt.aifctl("sweep", "--act", "--quiet", *args)


def state_of(prompt: Prompt, node: str) -> str:
    return str(prompt.json("nodes", node).items()[node]["state"])


def test_a_broken_gpu_is_told_once_its_node_drained_mended_looked_at_and_taken_back(
    prompt: Prompt, pager: Receiver
) -> None:
    with listening(pager):
        address = Path(prompt.home / "pager.url")
        address.touch(mode=0o600)
        address.write_text(pager.address)
        prompt.environ["AIFCTL_NOTIFY"] = f"webhook=file:{address}"
        assert sweep(prompt).code == 0
        assert (told(pager), state_of(prompt, NODE)) == ([], "ready")

        prompt.break_(f"gpu-lost@{NODE}")
        assert sweep(prompt).code == 1
        assert state_of(prompt, NODE) == "drained"
        assert sweep(prompt).code == 1
        (incident,) = prompt.json("incident", "list").envelope()["items"]
        assert (incident["names"], incident["severity"]) == ([NODE], "fault")
        assert [status for status, _, _ in told(pager)] == ["firing"]

        refused = prompt.aifctl("node", "undrain", NODE)
        assert (refused.code, f"{incident['check']} still finds something" in refused.err) == (5, True), refused
        prompt.cure()
        mended = prompt.json("node", "reboot", NODE, "--back", "60s", "--reason", "ticket 811")
        assert mended.items()[NODE]["result"] == "ok", mended
        assert prompt.aifctl("node", "undrain", NODE).code == 0
        assert state_of(prompt, NODE) == "ready"

        assert prompt.aifctl("reconcile").code == 0
        assert [status for status, _, _ in told(pager)] == ["firing", "resolved"]
    story = prompt.aifctl("incident", "show", str(incident["incident"])).out
    assert "opened" in story
    assert "closed" in story


def test_what_a_whole_rack_shares_drains_nobody(prompt: Prompt) -> None:
    assert sweep(prompt).code == 0
    prompt.break_("power-brake:all@rack:r004")
    assert sweep(prompt).code == 1
    (incident,) = prompt.json("incident", "list").envelope()["items"]
    assert (incident["scope"], incident["scope_value"]) == ("rack", "r004")
    assert {item["state"] for item in prompt.json("nodes", "@all").envelope()["items"]} == {"ready"}
