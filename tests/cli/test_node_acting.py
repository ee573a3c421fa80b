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
