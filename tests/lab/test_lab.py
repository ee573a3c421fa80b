"""The lab itself: what the other tests of this folder take for granted."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lab.lab import Control, Lab


def test_every_host_is_a_whole_system_of_its_own(lab: Lab) -> None:
    for host in lab.hosts:
        assert host.sh("systemctl is-system-running --wait").strip() == "running"
        assert host.sh("cat /proc/1/comm").strip() == "systemd"
        assert host.sh("cat /etc/hostname").strip() == host.name
    assert len({host.host_key for host in lab.hosts}) == len(lab.hosts) >= 4


def test_hosts_share_no_file_and_no_control_group(lab: Lab) -> None:
    first, second = lab.outer[:2]
    first.sh("touch /root/mine")
    assert "mine" not in second.sh("ls /root")
    for host in (first, second):
        assert f"/{host.name}/payload" in Path(f"/proc/{host.leader()}/cgroup").read_text(encoding="ascii")


def test_control_logs_in_with_plain_openssh(lab: Lab, control: Control) -> None:
    for host in lab.outer:
        done = lab.namespace.run(*control.ssh(), f"root@{host.name}", "cat /etc/hostname")
        assert done.stdout.strip() == host.name
    assert lab.namespace.run(*control.ssh(), "ops@node1", "sudo -n id -u").stdout.strip() == "0"


def test_hosts_reach_each_other(lab: Lab) -> None:
    first, second = lab.outer[0], lab.outer[-1]
    script = f"import socket; print(socket.create_connection(({second.address!r}, 22), 5).recv(7))"
    assert "SSH-2.0" in first.sh(f'python3 -c "{script}"')


def test_the_inner_host_is_out_of_controls_reach(lab: Lab) -> None:
    routes = json.loads(lab.namespace.run("ip", "-json", "route", "show", "to", "match", lab.inner.address).stdout)
    assert routes == []


def test_sudo_asks_for_a_password_on_one_host_alone(lab: Lab) -> None:
    asking = [
        host.name for host in lab.hosts if "password is required" in host.sh("su ops -c 'sudo -n true' 2>&1 || :")
    ]
    assert asking == ["node3"]


def test_the_small_disk_fills_up(lab: Lab) -> None:
    said = lab.outer[0].sh("dd if=/dev/zero of=/mnt/big bs=64k count=64 2>&1; rm -f /mnt/big", check=False)
    assert "No space left on device" in said


def test_a_reimaged_host_has_another_key_and_an_empty_disk(lab: Lab) -> None:
    host = lab.outer[3]
    before = host.host_key
    host.sh("touch /root/old")
    lab.reimage(host)
    assert host.host_key != before
    assert "old" not in host.sh("ls /root")
