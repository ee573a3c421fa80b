"""aifctl push and pull on real hosts, whose disks can be full."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.lab.lab import Control, Lab

FOUR = "node[1-4]"


def test_a_pushed_file_is_the_same_everywhere_with_its_mode_and_owner(control: Control, lab: Lab) -> None:
    source = control.home / "payload"
    source.write_bytes(os.urandom(500_000))
    done = control.json("push", FOUR, str(source), "/opt/payload", "--mode=640", "--owner=ops:ops")
    assert done.code == 0, done
    wanted = control.namespace.run("sha256sum", str(source)).stdout.split()[0]
    for host in lab.outer:
        assert host.sh("sha256sum </opt/payload").split()[0] == wanted
        assert host.sh("stat -c '%a %U:%G' /opt/payload").strip() == "640 ops:ops"
        assert host.sh("ls -A /opt").split() == ["payload"]
        host.sh("rm /opt/payload")


def test_a_second_push_writes_nothing(control: Control, lab: Lab) -> None:
    source = control.home / "payload"
    source.write_text("hello\n")
    assert control.json("push", "node1", str(source), "/root/payload").code == 0
    before = lab.hosts[0].sh("stat -c '%i %Z' /root/payload")
    done = control.json("push", "node1", str(source), "/root/payload")
    assert done.code == 0, done
    assert lab.hosts[0].sh("stat -c '%i %Z' /root/payload") == before


def test_a_folder_travels_both_ways(control: Control, tmp_path: Path) -> None:
    tree = control.home / "tree"
    (tree / "deep/er").mkdir(parents=True)
    (tree / "deep/er/file").write_text("x")
    (tree / "script.sh").write_text("#!/bin/sh\n")
    (tree / "script.sh").chmod(0o755)
    assert (pushed := control.json("push", FOUR, str(tree), "/root/tree")).code == 0, pushed
    pulled = control.json("pull", FOUR, "/root/tree", str(tmp_path / "back"))
    assert pulled.code == 0, pulled
    for node in (f"node{i}" for i in range(1, 5)):
        (script,) = (tmp_path / "back" / node).rglob("script.sh")
        assert script.stat().st_mode & 0o777 == 0o755
        assert (script.parent / "deep/er/file").read_text() == "x"


def test_push_delete_removes_what_the_source_lacks(control: Control, lab: Lab) -> None:
    tree = control.home / "tree"
    tree.mkdir()
    (tree / "kept").write_text("x")
    lab.hosts[0].sh("mkdir -p /root/mirror && touch /root/mirror/stale")
    done = control.json("push", "node1", str(tree), "/root/mirror", "--delete", "--yes")
    assert done.code == 0, done
    assert lab.hosts[0].sh("find /root/mirror -type f").split() == ["/root/mirror/kept"]


def test_a_full_disk_on_one_node_is_that_nodes_row_and_leaves_no_half_file(control: Control, lab: Lab) -> None:
    source = control.home / "big"
    source.write_bytes(b"x" * 400_000)  # /mnt of every host holds 256 KiB
    lab.hosts[0].sh("umount /mnt")  # node1 alone has room
    done = control.json("push", "node1,node2", str(source), "/mnt/big")
    lab.hosts[0].sh("rm -f /mnt/big; mount -t tmpfs -o size=256k,mode=1777 tmpfs /mnt")
    assert done.code != 0, done
    assert done.outcomes()["node1"] == "ok"
    assert done.outcomes()["node2"] != "ok"
    assert lab.hosts[1].sh("ls -A /mnt") == ""


def test_a_full_disk_keeps_the_file_that_stood_there(control: Control, lab: Lab) -> None:
    host = lab.hosts[1]
    host.sh("echo old >/mnt/config")
    source = control.home / "config"
    source.write_bytes(b"x" * 400_000)
    done = control.json("push", "node2", str(source), "/mnt/config")
    assert done.code != 0, done
    assert host.sh("cat /mnt/config; ls -A /mnt") == "old\nconfig\n"
    host.sh("rm /mnt/config")


def test_a_tree_on_a_full_disk_leaves_no_half_file_anywhere(control: Control, lab: Lab) -> None:
    tree = control.home / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "small").write_text("small\n")
    (tree / "deep/big").write_bytes(os.urandom(400_000))
    done = control.json("push", "node2", str(tree), "/mnt/tree")
    assert done.code != 0, done
    assert "space" in done.items()["node2"]["message"].lower(), done
    host = lab.hosts[1]
    sizes = host.sh("find /mnt/tree -type f -printf '%P %s\\n'").splitlines()
    assert set(sizes) <= {"small 6"}, sizes
    host.sh("rm -rf /mnt/tree")


def test_a_pull_that_fills_our_own_disk_is_told_apart_from_the_nodes_faults(control: Control, lab: Lab) -> None:
    lab.hosts[0].sh("head -c 400000 /dev/urandom >/root/noise")
    folder = control.home / "small"
    folder.mkdir()
    lab.namespace.run("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(folder))
    try:
        done = control.json("pull", "node1", "/root/noise", str(folder))
        left = lab.namespace.run("find", str(folder), "-type", "f").stdout
    finally:
        lab.namespace.run("umount", str(folder))
    assert done.outcomes() == {"node1": "local"}, done
    assert "space" in done.items()["node1"]["message"].lower(), done
    assert done.code in {4, 6}, done
    assert left == ""


def test_a_node_without_the_file_is_named_and_the_others_are_pulled(control: Control, lab: Lab) -> None:
    lab.hosts[0].sh("echo kept >/root/only-here")
    done = control.json("pull", "node1,node2", "/root/only-here", str(control.home / "back"))
    lab.hosts[0].sh("rm /root/only-here")
    assert done.code == 1, done
    assert done.outcomes()["node1"] == "ok", done
    assert "/root/only-here" in done.items()["node2"]["message"], done
    assert (control.home / "back/node1/only-here").read_text() == "kept\n"


def test_a_command_on_a_full_disk_says_so_and_counts_as_failed(control: Control) -> None:
    done = control.json("run", "node2", "--", "head -c 1000000 /dev/zero >/mnt/full; rc=$?; rm -f /mnt/full; exit $rc")
    assert done.code == 1, done
    assert "No space left on device" in done.items()["node2"]["stderr"]


@pytest.mark.parametrize(
    "verb", [("run", "node1", "--", "touch /root/ran"), ("push", "node1", "/etc/hostname", "/root/ran")]
)
def test_a_full_disk_on_the_control_side_starts_nothing(control: Control, lab: Lab, verb: tuple[str, ...]) -> None:
    control.state.mkdir(mode=0o700)
    lab.namespace.run("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", str(control.state))
    try:
        lab.namespace.run("sh", "-c", f"head -c 1000000 /dev/zero >{control.state}/ballast", check=False)
        done = control.aifctl(*verb)
    finally:
        lab.namespace.run("umount", str(control.state))
    assert done.code == 6, done
    assert "space" in done.err, done
    assert lab.hosts[0].sh("ls /root/ran 2>/dev/null || echo none").strip() == "none"


def test_a_control_disk_that_fills_up_mid_run_stops_dispatch_and_resume_does_the_rest(
    control: Control, lab: Lab
) -> None:
    for host in lab.outer:
        host.sh("rm -f /root/count")
    control.state.mkdir(mode=0o700)
    lab.namespace.run("mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(control.state))
    try:
        noisy = "echo x >>/root/count; head -c 3000000 /dev/urandom"
        done = control.json("run", FOUR, "--width=1", "--output-cap=8M", "--", noisy)
        assert done.code == 6, done
        assert "Traceback" not in done.err, done
        begun = [int(host.sh("cat /root/count 2>/dev/null | wc -l")) for host in lab.outer]
        assert sum(begun) < 4, done
        lab.namespace.run("mount", "-o", "remount,size=64m", str(control.state))
        again = control.json("runs", "resume", "latest")
    finally:
        lab.namespace.run("umount", str(control.state))
    assert again.code == 0, again
    assert [int(host.sh("cat /root/count | wc -l")) for host in lab.outer] == [1, 1, 1, 1]
