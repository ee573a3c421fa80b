"""From a drain to a node that is back: the verbs as an operator types them, over SSH where they go there."""

from __future__ import annotations

import pytest

from tests.cli.prompt import InProcess, Prompt

NODE = "r003n02"


@pytest.mark.ssh
def test_a_drained_node_reboots_is_looked_at_under_its_new_boot_id_and_is_ready_on_that_evidence(
    prompt: Prompt,
) -> None:
    refused = prompt.aifctl("node", "reboot", NODE)
    assert (refused.code, "drain first" in refused.err) == (5, True), refused
    assert prompt.aifctl("node", "drain", NODE, "--reason", "ticket 811").code == 0
    boot_id = prompt.aifctl("run", NODE, "--", "cat /proc/sys/kernel/random/boot_id").out

    early = prompt.aifctl("node", "undrain", NODE)
    assert (early.code, "nothing newer than the drain" in early.err) == (5, True), early

    said = prompt.json("node", "reboot", NODE, "--back", "60s")
    assert said.code == 0, said
    item = said.items()[NODE]
    assert (item["outcome"], item["result"]) == ("ok", "ok")
    assert item["boot_id_before"] in boot_id
    assert item["boot_id"] != item["boot_id_before"]
    assert prompt.json("leases", "list").envelope()["items"] == []

    assert prompt.aifctl("node", "undrain", NODE).code == 0
    assert prompt.json("nodes", NODE).items()[NODE]["state"] == "ready"


@pytest.mark.ssh
def test_gpus_of_a_drained_node_are_reset_as_root(prompt: Prompt) -> None:
    prompt.aifctl("node", "drain", NODE, "--reason", "ticket 811")
    said = prompt.json("node", "reset-gpu", NODE)
    assert said.items()[NODE]["message"] == "All done.", said
    assert prompt.aifctl("node", "undrain", NODE, "--reason", "done").code == 0


@pytest.mark.ssh
def test_a_bundle_is_collected_and_what_the_node_has_not_is_said(prompt: Prompt) -> None:
    folder = prompt.home / "ticket"
    said = prompt.json("node", "collect", NODE, "--outdir", str(folder))
    assert said.code == 0, said
    assert b"Linux version" in (folder / NODE / "dmesg.txt").read_bytes()
    assert "journal.txt" in said.items()[NODE]["failed"]


def test_a_freeze_stops_a_drain_until_it_is_lifted(aifctl: InProcess) -> None:
    assert aifctl("freeze", "@rack:r003", "--reason", "demo day").code == 0
    said = aifctl("node", "drain", NODE, "--reason", "ticket 811")
    assert (said.code, "demo day" in said.err) == (5, True), said
    assert aifctl("unfreeze", "@rack:r003").code == 0
    assert aifctl("node", "drain", NODE, "--reason", "ticket 811", "-o", "json").items()[NODE]["target"] == "drained"
    assert aifctl("node", "resume", NODE).code == 5
    assert aifctl("node", "resume", NODE, "--reason", "mended").code == 0


def test_a_drain_goes_on_where_the_inventory_is_broken(prompt: Prompt, aifctl: InProcess) -> None:
    assert aifctl("nodes", NODE).code == 0
    prompt.inventory.write_text("nodes: [")
    said = aifctl("node", "drain", NODE, "--reason", "ticket 811")
    assert said.code == 0, said
    assert aifctl("node", "undrain", NODE, "--reason", "x").code == 6


def test_incidents_leases_and_reconcile_answer_where_nothing_has_happened_yet(aifctl: InProcess) -> None:
    assert aifctl("incident", "list", "-o", "json").envelope()["items"] == []
    assert aifctl("incident", "show", "7").code == 2
    assert aifctl("leases", "list", "-o", "json").envelope()["items"] == []
    said = aifctl("reconcile", "-o", "json").envelope()
    assert [item["chore"] for item in said["items"]] == ["writes", "notifications", "drains", "leases"]
    assert said["exit"] == 0


@pytest.mark.ssh
def test_what_was_cut_short_is_resumed_and_what_failed_is_retried(prompt: Prompt) -> None:
    pair, folder = "r003n[02-03]", prompt.home / "ticket"
    prompt.break_("refused@r003n03")
    collected = prompt.json("node", "collect", pair, "--outdir", str(folder))
    assert (collected.code, collected.outcomes()) == (3, {NODE: "ok", "r003n03": "refused"}), collected
    prompt.cure()
    rest = prompt.json("runs", "resume")
    assert (rest.code, rest.outcomes()) == (0, {"r003n03": "ok"}), rest
    assert (folder / "r003n03/dmesg.txt").exists()

    prompt.aifctl("node", "drain", pair, "--reason", "ticket 811", "--yes")
    prompt.break_("exit:3@r003n03")
    reset = prompt.json("node", "reset-gpu", pair, "--yes")
    assert reset.outcomes() == {NODE: "ok", "r003n03": "exit"}, reset
    prompt.cure()
    again = prompt.json("runs", "retry", reset.envelope()["summary"]["run"], "--yes")
    assert (again.code, again.items()["r003n03"]["message"], len(again.items())) == (0, "All done.", 1), again
    rebooted = prompt.json("node", "reboot", NODE, "--back", "60s")
    assert rebooted.code == 0, rebooted
    nothing = prompt.json("runs", "resume", rebooted.envelope()["summary"]["run"])
    assert (nothing.code, nothing.envelope()["items"]) == (0, []), nothing
    assert prompt.aifctl("node", "undrain", pair, "--reason", "done", "--yes").code == 0


@pytest.mark.ssh
def test_a_sweep_is_retried_on_those_that_did_not_answer(prompt: Prompt) -> None:
    prompt.break_("refused@r003n03")
    assert prompt.json("sweep", "@rack:r003").code == 3
    prompt.cure()
    again = prompt.json("runs", "retry", "latest", "--outcome", "refused")
    assert (again.code, list(again.items())) == (0, ["r003n03"]), again
    assert again.envelope()["coverage"]["answered"] == 4
