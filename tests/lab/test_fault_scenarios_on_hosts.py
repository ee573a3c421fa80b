"""The fault scenarios against real hosts: what the simulated fleet plays, their own kernel and OpenSSH do here."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command import wait_until
from tests.fault_scenarios import FaultScenarios, Ward
from tests.lab.hosts import Host
from tests.lab.lab import Control, Lab

_MARKER = 51_001
#: What `hostname` does on the sick host; %s is the fault's argument. /usr/local/bin comes first on sshd's PATH.
_COMMANDS = {
    "hang": f"exec sleep {_MARKER}",
    "flood": "head -c %s /dev/zero | tr '\\0' x; exec /bin/hostname",
    # Up to the sshd that serves this session, which is killed: nothing on either side gets to say goodbye.
    "dies-mid-command": (
        'echo begun; sleep %s; p=$$; while [ "$(cat /proc/$p/comm)" != sshd ]; do '
        "p=$(cut -d' ' -f4 /proc/$p/stat); done; kill -9 $p; sleep 5"
    ),
    "non-utf8": "printf '\\377\\376\\033[2J\\r\\n'; exec /bin/hostname",
    "slow": "sleep %s; exec /bin/hostname",
    "exit": "/bin/hostname; exit %s",
}
_BYTES = {"3M": str(3 << 20)}
_KEY = "/etc/ssh/ssh_host_ed25519_key"
# sshd as inetd starts it, seconds after the connection came.
_SLOW_BANNER = """
import os, socket, sys, time
server = socket.create_server(("", 22))
while True:
    link, _ = server.accept()
    if os.fork() == 0:
        time.sleep(float(sys.argv[1]))
        os.dup2(link.fileno(), 0)
        os.dup2(link.fileno(), 1)
        os.execv("/usr/sbin/sshd", ["/usr/sbin/sshd", "-i"])
    link.close()
"""
_CONNECT = "import socket, sys; c = socket.create_connection((sys.argv[1], 22)); print(c.recv(4)); sys.stdout.flush()"


class HostWard(Ward):
    """Four real hosts."""

    four, sick, well = "node[1-4]", "node4", ("node1", "node2", "node3")

    def __init__(self, lab: Lab, control: Control) -> None:
        self.lab, self.operator = lab, control
        self._special: dict[str, Callable[[Host, str], contextlib.AbstractContextManager[None]]] = {
            "dead": self._dead,
            "refused": self._refused,
            "slow-banner": self._slow_banner,
            "half-open": self._half_open,
            "throttle": self._throttled,
            "wrong-host-key": self._wrong_host_key,
            "auth-refused": self._auth_refused,
            "full-disk": self._full_disk,
            "no-sftp": self._no_sftp,
        }

    @contextlib.contextmanager
    def fault(self, text: str) -> Iterator[None]:
        kind, _, argument = text.partition(":")
        host = next(host for host in self.lab.hosts if host.name == self.sick)
        make = self._special.get(kind)
        with make(host, argument) if make else _instead_of_hostname(host, kind, argument):
            yield

    def running(self) -> list[str]:
        return [line for host in self.lab.outer for line in host.processes(f"sleep {_MARKER}")]

    def written(self, path: str) -> list[str]:
        return [host.name for host in self.lab.outer if host.sh(f"test -e {path} && echo there; true")]

    @contextlib.contextmanager
    def _dead(self, host: Host, _argument: str) -> Iterator[None]:
        port = f"vb-{host.name}"
        self.lab.namespace.run("ip", "link", "set", port, "down")
        try:
            yield
        finally:
            self.lab.namespace.run("ip", "link", "set", port, "up")
            self.lab.wait_answering(host)

    @contextlib.contextmanager
    def _refused(self, host: Host, _argument: str) -> Iterator[None]:
        host.sh("systemctl stop ssh")
        try:
            yield
        finally:
            host.sh("systemctl start ssh")
            self.lab.wait_answering(host)

    @contextlib.contextmanager
    def _slow_banner(self, host: Host, seconds: str) -> Iterator[None]:
        with self._refused(host, ""):
            host.sh(
                f"mkdir -p /run/sshd; systemd-run --quiet --collect --unit=slow-banner python3 -c '{_SLOW_BANNER}' {seconds}"
            )
            try:
                wait_until(lambda: host.sh("ss -ltnH 'sport = 22'"), "the slow listener")
                yield
            finally:
                host.sh("systemctl stop slow-banner")

    @contextlib.contextmanager
    def _half_open(self, host: Host, _argument: str) -> Iterator[None]:
        listener = int(host.sh("systemctl show --property=MainPID --value ssh"))
        assert listener > 1, "sshd is not running"
        host.sh(f"kill -STOP {listener}")
        try:
            yield
        finally:
            host.sh(f"kill -CONT {listener}")
            self.lab.wait_answering(host)

    @contextlib.contextmanager
    def _throttled(self, host: Host, _argument: str) -> Iterator[None]:
        """Let one be logging in, where sshd takes no more than one at a time."""
        host.restart_sshd(max_startups="1:100:1")
        try:
            with self._somebody_logging_in(host):
                yield
        finally:
            host.restart_sshd(max_startups="100:30:200")
            self.lab.wait_answering(host)

    @contextlib.contextmanager
    def _somebody_logging_in(self, host: Host) -> Iterator[None]:
        waiting: list[subprocess.Popen[bytes]] = []

        def is_in() -> bool:
            command = self.lab.namespace.enter(sys.executable, "-c", f"{_CONNECT}; sys.stdin.read()", host.address)
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            waiting.append(process)
            assert process.stdout is not None
            return b"SSH-" in process.stdout.readline()

        try:
            wait_until(is_in, "a connection in mid-login")
            yield
        finally:
            for process in waiting:
                process.communicate()

    @contextlib.contextmanager
    def _wrong_host_key(self, host: Host, _argument: str) -> Iterator[None]:
        host.sh(f"mkdir /root/keys; mv {_KEY} {_KEY}.pub /root/keys; ssh-keygen -q -t ed25519 -N '' -f {_KEY}")
        host.restart_sshd()
        try:
            yield
        finally:
            host.sh(f"mv -f /root/keys/* /etc/ssh; rmdir /root/keys; rm -f {_KEY}.old")
            host.restart_sshd()
            self.lab.wait_answering(host)

    @contextlib.contextmanager
    def _auth_refused(self, host: Host, _argument: str) -> Iterator[None]:
        host.restart_sshd(more="DenyUsers root")
        try:
            yield
        finally:
            host.restart_sshd()
            self.lab.wait_answering(host)

    @contextlib.contextmanager
    def _full_disk(self, host: Host, _argument: str) -> Iterator[None]:
        host.sh("head -c 1000000 /dev/zero >/mnt/ballast 2>/dev/null; true")
        try:
            yield
        finally:
            host.sh("rm /mnt/ballast")

    @contextlib.contextmanager
    def _no_sftp(self, host: Host, _argument: str) -> Iterator[None]:
        host.sh("sed -i 's/^Subsystem/#&/' /etc/ssh/sshd_config")
        host.restart_sshd()
        try:
            yield
        finally:
            host.sh("sed -i 's/^#Subsystem/Subsystem/' /etc/ssh/sshd_config")
            host.restart_sshd()
            self.lab.wait_answering(host)


@contextlib.contextmanager
def _instead_of_hostname(host: Host, kind: str, argument: str) -> Iterator[None]:
    line = _COMMANDS[kind]
    body = line % _BYTES.get(argument, argument) if "%s" in line else line
    host.sh(f"cat >/usr/local/bin/hostname <<'END'\n#!/bin/sh\n{body}\nEND\nchmod 755 /usr/local/bin/hostname")
    try:
        yield
    finally:
        host.sh("rm /usr/local/bin/hostname")


@pytest.fixture
def ward(lab: Lab, control: Control, tmp_path: Path) -> HostWard:
    return HostWard(lab, control)


class TestOnRealHosts(FaultScenarios):
    """All of them."""
