"""Two control hosts that share no store meet on real hosts: the owner file there is what keeps them apart."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import wait_until
from tests.lab.hosts import Host
from tests.lab.lab import Control, Lab

OWNER = "/run/aifctl/owner"
# One of the parts of a bundle, which these hosts do not have: it takes as long as a test wants.
_PART = "#!/bin/sh\necho x >>/root/count\nwhile [ -e /run/stay ]; do sleep 0.05; done\n"


@pytest.fixture
def other(control: Control, tmp_path: Path) -> Control:
    """Return another control host: a home, a state directory and a store of its own."""
    other = Control(home=tmp_path / "other", namespace=control.namespace, hosts=control.hosts)
    other.prepare()
    for name in ("id_ed25519", "id_ed25519.pub"):
        shutil.copy(control.home / ".ssh" / name, other.home / ".ssh" / name)
    return other


@pytest.fixture
def host(lab: Lab) -> Iterator[Host]:
    """Return node1, on which a part of every bundle waits while /run/stay is there."""
    host = lab.outer[0]
    host.sh(f"printf '{_PART}' >/usr/local/bin/ibstat; chmod 755 /usr/local/bin/ibstat; touch /run/stay; rm -f {OWNER}")
    yield host
    host.sh(f"rm -f /run/stay /usr/local/bin/ibstat /root/count {OWNER}")


def owner(host: Host) -> str:
    return host.sh(f"cat {OWNER} 2>/dev/null; true")


def counted(host: Host) -> int:
    return int(host.sh("wc -l </root/count 2>/dev/null || echo 0"))


def collecting(control: Control, nodes: str, folder: str) -> list[str]:
    return ["node", "collect", nodes, "--outdir", str(control.home / folder), "--output=json"]


def boot_id(host: Host) -> str:
    return host.sh("cat /proc/sys/kernel/random/boot_id").strip()


def test_what_one_control_host_does_on_a_node_the_other_neither_repeats_nor_reboots(
    lab: Lab, host: Host, control: Control, other: Control
) -> None:
    words = collecting(control, "node1", "mine")
    mine = control.start(*words)
    wait_until(lambda: counted(host), "the part that waits")
    assert control.json("runs", "list").envelope()["items"][0]["run"] in owner(host)

    theirs = other.aifctl(*collecting(other, "node[1-2]", "theirs"))
    assert theirs.code == 75, theirs
    found = theirs.items()
    assert (found["node1"]["outcome"], found["node2"]["outcome"]) == ("skipped", "ok")
    assert "held by root" in found["node1"]["message"]
    assert " collect " in found["node1"]["message"]
    assert not (other.home / "theirs/node1").exists()

    before = boot_id(host)
    assert other.aifctl("node", "drain", "node1", "--idle", "--reason", "ticket 811", "--yes").code == 0
    for verb in ("reboot", "reset-gpu"):
        refused = other.json("node", verb, "node1", "--yes", "--reason", "ticket 811")
        assert (refused.code, refused.outcomes()) == (75, {"node1": "skipped"}), refused
    assert (boot_id(host), counted(host)) == (before, 1)

    host.sh("rm /run/stay")
    done = control.finish(mine, *words)
    assert done.code == 0, done
    assert owner(host) == ""
    assert other.aifctl(*collecting(other, "node1", "theirs")).code == 0


def test_a_collection_that_was_killed_is_resumed_as_its_own_and_the_other_waits_for_it(
    host: Host, control: Control, other: Control
) -> None:
    words = collecting(control, "node[1-2]", "mine")
    killed = control.start(*words, "--width=1")
    wait_until(lambda: counted(host), "the part that waits")
    os.killpg(killed.pid, signal.SIGKILL)
    control.finish(killed, *words)

    assert other.aifctl(*collecting(other, "node1", "theirs")).code == 75
    host.sh("rm /run/stay")
    rest = control.json("runs", "resume", "latest")
    assert rest.outcomes() == {"node2": "ok"}, rest
    assert "node1" in rest.err  # lost, and named
    again = control.json("runs", "resume", "latest", "--again=lost")
    assert again.outcomes() == {"node1": "ok"}, again
    assert (control.home / "mine/node1/node.txt").exists()
    assert owner(host) == ""


def test_a_reboot_holds_its_node_until_the_boot_and_is_never_repeated_by_a_resume(
    lab: Lab, control: Control, other: Control
) -> None:
    host = lab.outer[3]
    before = boot_id(host)
    for one in (control, other):
        assert one.aifctl("node", "drain", "node4", "--idle", "--reason", "ticket 811", "--yes").code == 0
    # Not yet: whoever tells it to reboot now is heard, and nothing comes of it.
    host.sh(
        "mkdir -p /usr/local/sbin; printf '#!/bin/sh\\necho x >>/root/count\\n' >/usr/local/sbin/systemctl; chmod 755 /usr/local/sbin/systemctl"
    )
    try:
        words = ["node", "reboot", "node4", "--yes", "--reason", "ticket 811", "--back", "60s", "-o", "json"]
        run = control.start(*words)
        wait_until(lambda: counted(host), "the reboot")
        os.killpg(run.pid, signal.SIGKILL)
        control.finish(run, *words)
        assert "reboot" in owner(host)
        refused = other.json("node", "reboot", "node4", "--yes", "--reason", "ticket 811")
        assert (refused.code, refused.outcomes()) == (75, {"node4": "skipped"}), refused
        rest = control.json("runs", "resume", "latest", "--yes")
        assert (rest.code, rest.envelope()["items"], counted(host)) == (3, [], 1), rest
        assert "--again lost" in rest.err
    finally:
        host.sh("rm -f /usr/local/sbin/systemctl /root/count")
    words = ["runs", "resume", "latest", "--again=lost", "--yes", "-o", "json"]
    again = control.start(*words)
    host.boot_again()
    done = control.finish(again, *words, timeout_s=60)
    item = done.items()["node4"]
    assert (item["outcome"], item["boot_id_before"], item["boot_id"]) == ("ok", before, boot_id(host)), done
    assert before != item["boot_id"]
    assert owner(host) == ""
    for one in (control, other):
        assert one.aifctl("node", "undrain", "node4", "--reason", "closed", "--yes").code == 0
