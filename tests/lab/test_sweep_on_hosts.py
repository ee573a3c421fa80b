"""aifctl sweep and what follows from it on real hosts, as an operator runs it: one command after the other, over real SSH.

The hosts have no GPU, and their kernel's log is not theirs to read: nothing here may ever be ok.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import parse_store_url
from aifctl.store.light import open_reader
from aifctl.store.place import find_place
from aifctl.wiring.probe import probe_package
from tests.command import Said, wait_until
from tests.lab.hosts import Host
from tests.lab.lab import Control, Lab

ALL = ["node1", "node2", "node3", "node4", "node5"]
FOUR = "node[1-4]"
#: As if they were such nodes: then there is an expectation for all that they lack.
H100 = ("--profile", "h100-sxm5")
_BROKEN = "[Service]\nType=oneshot\nExecStart=/bin/false\n"
# Counts how often it is started; where /run/stay exists it waits for that to go.
_COUNTING = '#!/bin/sh\necho x >>/root/count\nwhile [ -e /run/stay ]; do sleep 0.05; done\nexec {python} "$@"\n'


@pytest.fixture(autouse=True)
def no_probe(lab: Lab) -> Iterator[None]:
    """Hosts that keep no probe, and keep none afterwards."""
    for host in lab.hosts:
        _forget(host)
    yield
    for host in lab.hosts:
        _forget(host)


@pytest.fixture
def counted(lab: Lab) -> Iterator[Sequence[Host]]:
    """Hosts that count how often they were looked at."""
    where = lab.outer[0].sh("readlink -f $(command -v python3)").strip()
    aside = f"{where}.aside"
    for host in lab.outer:
        script = _COUNTING.format(python=aside)
        host.sh(f"rm -f /root/count; mv {where} {aside}; cat >{where} <<'END'\n{script}END\nchmod 755 {where}")
    yield lab.outer
    for host in lab.outer:
        host.sh(f"mv {aside} {where}; rm -f /root/count /run/stay")


def findings(said: Said, node: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return (check, subject) → finding of a node from `sweep -o json`."""
    return {(one["check"], one["subject"]): one for one in said.items()[node]["findings"]}


def results(said: Said) -> dict[str, str | None]:
    return {node: item["result"] for node, item in said.items().items()}


def state_of(control: Control, node: str) -> str:
    return str(control.json("nodes", node).items()[node]["state"])


def test_every_host_answers_is_sent_the_probe_once_and_is_never_ok_without_a_gpu(lab: Lab, control: Control) -> None:
    received = [_received_bytes(lab)]
    said = []
    for _ in range(2):
        said.append(control.json("sweep"))
        received.append(_received_bytes(lab))
    size = len(probe_package().data)
    for one in said:
        assert one.outcomes() == dict.fromkeys(ALL, "ok"), one
        assert results(one) == dict.fromkeys(ALL, "unknown"), one
        # No profile, no GPU, no kernel log: not one could be judged.
        assert (one.code, one.envelope()["coverage"]["answered"]) == (3, 0), one
        assert "not one node could be judged in rack r1" in one.err
    for host in lab.outer:
        before, between, after = (counts[host.name] for counts in received)
        if not host.gateway:  # what goes through those is node5's
            assert (between - before) - (after - between) > 0.9 * size
    assert [host.processes("aifctl") for host in lab.hosts] == [[]] * 5
    counts = {group["group"]: group["unknown"] for group in control.json("status").envelope()["items"]}
    assert counts == {"r1": 5}
    assert control.json("status").envelope()["summary"]["sweep"]["id"] == said[1].envelope()["summary"]["sweep"]


def test_judged_as_gpu_nodes_they_lack_everything_and_a_broken_unit_is_named_until_it_is_mended(
    lab: Lab, control: Control
) -> None:
    host = lab.outer[0]
    unit = "/run/systemd/system/broken.service"
    host.sh(f"printf '{_BROKEN}' >{unit}; systemctl daemon-reload; systemctl start broken; true")
    try:
        said = control.json("sweep", *H100)
        assert said.code == 1, said
        assert results(said) == dict.fromkeys(ALL, "fault"), said
        for node in ALL:
            found = findings(said, node)
            for check in ("pci-gpu-count", "port-count", "fabric-manager-service"):
                assert found[check, "node"]["result"] == "fault", found
            assert found["section-read", "node"]["result"] == "unknown"
        assert "broken.service" in findings(said, "node1")["failed-units", "node"]["message"]
        assert ("failed-units", "node") not in findings(said, "node2")
        # All of them at once, and no rack or leaf explains it: nobody is sent to look for 40 GPUs.
        assert "CHECK SUSPECT: pci-gpu-count" in said.err
        why = control.aifctl("node", "why", "node1")
        assert (why.code, "broken.service" in why.out) == (0, True), why
    finally:
        host.sh(f"systemctl reset-failed broken; rm {unit}; systemctl daemon-reload")
    again = control.json("sweep", "node1", *H100)
    assert ("failed-units", "node") not in findings(again, "node1")
    assert {"check": "failed-units", "subject": "node", "code": "failed"} in again.items()["node1"]["cleared"], again


def test_a_host_whose_disk_is_full_still_answers_and_is_not_sent_the_probe_twice(lab: Lab, control: Control) -> None:
    host = lab.outer[2]
    host.sh("mkdir -m 700 -p /root/.cache/aifctl && mount -t tmpfs -o size=16k,mode=700 tmpfs /root/.cache/aifctl")
    host.sh("head -c 65536 /dev/zero >/root/.cache/aifctl/filler 2>/dev/null; true")
    try:
        for _ in range(2):
            said = control.json("sweep", "node3", *H100)
            assert said.outcomes() == {"node3": "ok"}, said
            kept = host.sh("ls /root/.cache/aifctl /dev/shm/aifctl-0")
            assert f"probe-{probe_package().sha256}" in kept.split("/dev/shm")[1]
    finally:
        host.sh("umount /root/.cache/aifctl")


def test_a_host_that_is_down_is_unreachable_and_coverage_says_so(lab: Lab, control: Control) -> None:
    host = lab.outer[2]
    assert control.json("sweep", FOUR, *H100).code == 1
    host.sh("systemctl stop ssh")
    try:
        said = control.json("sweep", FOUR, *H100)
        alone = control.json("sweep", "node3", *H100)
    finally:
        host.sh("systemctl start ssh")
        lab.wait_answering(host)
    for one in (said, alone):
        assert (one.items()["node3"]["outcome"], one.items()["node3"]["result"]) == ("refused", "unreachable"), one
        assert findings(one, "node3")["reachability", "node"]["result"] == "unreachable"
        # What was found before it went away stands, and is told to be old.
        assert findings(one, "node3")["pci-gpu-count", "node"]["stale"] is True
    assert said.envelope()["coverage"]["answered"] == 3
    assert (said.code, alone.code) == (3, 4), (said, alone)
    assert control.json("status").envelope()["summary"]["conditions"]["unreachable"] == 1
    assert state_of(control, "node3") == "ready"  # nobody drains what did not answer once


def test_a_sweep_that_was_killed_is_gone_on_with_and_looks_at_each_node_once(
    control: Control, counted: Sequence[Host]
) -> None:
    third = counted[2]
    third.sh("touch /run/stay")
    killed = control.start("sweep", FOUR, "--width=1", *H100)
    wait_until(lambda: _looks(counted) == [1, 1, 1, 0], "the probe on the third host")
    wait_until(lambda: _kept(control) == {"node1", "node2"}, "what two hosts told in the store")
    os.killpg(killed.pid, signal.SIGKILL)
    control.finish(killed, "sweep")
    third.sh("rm /run/stay")

    partly = control.json("status").envelope()["summary"]
    assert (partly["conditions"]["fault"], partly["conditions"]["unseen"]) == (2, 3), partly
    done = control.json("runs", "resume", "latest")
    assert _looks(counted) == [1, 1, 2, 1], done  # the third told nobody what it saw
    assert done.code == 1, done  # judged as a whole, by the profile that was asked for
    whole = control.json("status", FOUR).envelope()["summary"]
    assert (whole["conditions"]["fault"], whole["sweep"]["answered"]) == (4, 4), whole
    control.json("runs", "resume", "latest")
    assert _looks(counted) == [1, 1, 2, 1]


def test_a_host_is_drained_rebooted_comes_back_under_another_boot_id_and_is_taken_back(
    lab: Lab, control: Control
) -> None:
    """systemd-nspawn gives each boot a boot id of its own, so all of it is real but the power-on self test."""
    host = lab.outer[3]
    before = _boot_id(host)
    refused = control.aifctl("node", "reboot", "node4", "--yes", "--reason", "ticket 811")
    assert (refused.code, "in service (node4): drain first" in refused.err) == (5, True), refused
    drained = control.aifctl("node", "drain", "node4", "--idle", "--reason", "ticket 811", "--yes")
    assert (drained.code, state_of(control, "node4")) == (0, "drained"), drained
    early = control.aifctl("node", "undrain", "node4")
    assert (early.code, "nothing newer than the drain" in early.err) == (5, True), early

    words = ["node", "reboot", "node4", "--yes", "--reason", "ticket 811", "--back", "60s", "-o", "json"]
    run = control.start(*words)
    host.boot_again()
    done = control.finish(run, *words, timeout_s=60)
    after = _boot_id(host)
    item = done.items()["node4"]
    assert (item["outcome"], item["boot_id_before"], item["boot_id"]) == ("ok", before, after), done
    assert before != after
    assert item["result"] == "unknown"  # it was looked at again, and there is still nothing to judge it by
    assert done.code == 1, done

    back = control.aifctl("node", "undrain", "node4", "--reason", "ticket 811 closed")
    assert (back.code, state_of(control, "node4")) == (0, "ready"), back
    told = control.aifctl("node", "history", "node4")
    assert "ticket 811 closed" in told.out


def test_collect_brings_home_what_there_is_and_names_what_there_is_not(lab: Lab, control: Control) -> None:
    folder = control.home / "ticket-811"
    said = control.json("node", "collect", "node[1-2]", "--no-sudo", "--outdir", str(folder))
    assert said.code == 0, said
    for host in lab.outer[:2]:
        mine = folder / host.name
        assert (mine / "node.txt").read_text().splitlines()[0] == host.name
        assert _boot_id(host) in (mine / "node.txt").read_text()
        assert "Journal started" in (mine / "journal.txt").read_text()
        assert not (mine / "nvidia-smi-q.txt").exists()
        assert "not found" in said.items()[host.name]["failed"]["nvidia-smi-q.txt"]
        assert "not found" in (mine / "nvidia-smi-q.txt.err").read_text()
        assert {file.stat().st_mode & 0o077 for file in [folder, mine, *mine.iterdir()]} == {0}


def _boot_id(host: Host) -> str:
    return host.sh("cat /proc/sys/kernel/random/boot_id").strip()


def _received_bytes(lab: Lab) -> dict[str, int]:
    return {host.name: int(host.sh("cat /sys/class/net/host0/statistics/rx_bytes")) for host in lab.outer}


def _looks(hosts: Sequence[Host]) -> list[int]:
    return [int(host.sh("wc -l </root/count 2>/dev/null || echo 0")) for host in hosts]


def _kept(control: Control) -> set[str]:
    """Return of whom there is a look in the store."""
    reader = open_reader(find_place(parse_store_url(""), StateDir(path=Path(control.state))))
    if reader is None:
        return set()
    with reader:
        return {row.node for row in reader.nodes_now()}


def _forget(host: Host) -> None:
    host.sh("rm -rf /root/.cache/aifctl /dev/shm/aifctl-0")
