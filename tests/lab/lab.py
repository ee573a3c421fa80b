"""The lab: hosts on a bridge, and a control side that runs aifctl against them as an operator would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.command import Operator
from tests.lab.hosts import Host
from tests.lab.namespace import Namespace

# Asks every address for an SSH banner until all have given one; run inside, where the bridge is.
_WAIT = """
import socket, sys, time
waiting, end = set(sys.argv[2:]), time.monotonic() + float(sys.argv[1])
while waiting and time.monotonic() < end:
    for address in sorted(waiting):
        try:
            with socket.create_connection((address, 22), timeout=0.5) as link:
                link.settimeout(2)
                if link.recv(4) == b"SSH-":
                    waiting.discard(address)
        except OSError:
            pass
    time.sleep(0.05)
sys.exit(f"no SSH banner from {', '.join(sorted(waiting))}" if waiting else 0)
"""


@dataclass(kw_only=True)
class Control(Operator):
    """The operator's machine, inside the lab: keys, known_hosts, an inventory, a state directory."""

    namespace: Namespace
    hosts: Sequence[Host]

    @property
    def key(self) -> Path:
        return self.home / ".ssh/id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.home / ".ssh/known_hosts"

    def prepare(self) -> None:
        """Write what aifctl reads: known_hosts with every host's own key, an inventory, a hostfile."""
        for folder in (self.home, self.home / ".ssh"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        self.trust(*self.hosts)
        outer = [host for host in self.hosts if not host.inner]
        (self.home / "hostfile").write_text("".join(f"{host.name}\n" for host in outer))
        (self.home / "inventory.yaml").write_text(self._inventory())
        self.prepare_environ(self.home / "inventory.yaml")

    def trust(self, *hosts: Host) -> None:
        """Write known_hosts anew, with the keys that these hosts have now."""
        lines = [f"{host.name},{host.address} {host.host_key}\n" for host in hosts]
        self.known_hosts.write_text("".join(lines))
        self.known_hosts.chmod(0o600)

    def around(self, *command: str) -> Sequence[str]:
        """Return a command as it runs inside the lab's network."""
        return self.namespace.enter(*command)

    def ssh(self) -> list[str]:
        """Return OpenSSH's own client as the operator would call it."""
        options = [f"UserKnownHostsFile={self.known_hosts}", "StrictHostKeyChecking=yes", "LogLevel=ERROR"]
        return ["ssh", "-i", str(self.key), "-o", "IdentitiesOnly=yes", *(word for o in options for word in ("-o", o))]

    def _inventory(self) -> str:
        lines = ["site: lab", "defaults:", "  user: root", "  rack: r1", "nodes:"]
        for host in self.hosts:
            jump = ", jump: [root@node1, root@node2]" if host.inner else ""
            lines.append(f'  {host.name}: {{address: "{host.address}"{jump}}}')
        return "\n".join(lines) + "\n"


@dataclass(kw_only=True)
class Lab:
    """Everything that a lab test may ask for.

    Attributes:
        hosts: node1 and node2 stand on both bridges, node3's sudo asks for a password, node5 is reachable only
            through node1 or node2.
    """

    folder: Path
    namespace: Namespace
    hosts: Sequence[Host]
    control: Control
    ca_key: Path

    @property
    def outer(self) -> Sequence[Host]:
        """The hosts that control reaches directly."""
        return [host for host in self.hosts if not host.inner]

    @property
    def inner(self) -> Host:
        """The host that control reaches only through another."""
        return next(host for host in self.hosts if host.inner)

    def wait_answering(self, *hosts: Host, timeout_s: float = 40) -> None:
        """Wait until sshd of each host has sent its banner."""
        inner = [host for host in hosts if host.inner]
        addresses = [host.address for host in hosts if not host.inner]
        waiting = [sys.executable, "-c", _WAIT, str(timeout_s)]
        self._wait(self.namespace.enter(*waiting, *addresses), timeout_s)
        gateway = next(host for host in self.hosts if host.gateway)
        for host in inner:  # no way there from control: a neighbour looks
            script = f"import socket; socket.create_connection(({host.address!r}, 22), 1).recv(4)"
            gateway.sh(f'for i in $(seq 200); do python3 -c "{script}" 2>/dev/null && exit; sleep 0.05; done; exit 1')

    def reimage(self, host: Host) -> None:
        """Cut a host's power and install it anew: another host key, an empty disk."""
        host.power_off()
        host.prepare()
        host.boot()
        self._joined(host)
        self.wait_answering(host)

    def boot_all(self) -> None:
        """Bring all hosts up."""
        for host in self.hosts:
            host.prepare()
            host.boot()
        self.wait_answering(*self.outer)
        for host in self.hosts:
            self._joined(host)
        self.wait_answering(*[host for host in self.hosts if host.inner])

    def _joined(self, host: Host) -> None:
        if host.gateway:
            self.wait_answering(host)
            host.join_inner()

    def _wait(self, command: Sequence[str], timeout_s: float) -> None:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s + 10, check=False)
        if done.returncode:
            consoles = "\n".join(
                f"{host.name}:\n{(host.folder / 'console.log').read_text(errors='replace')[-2000:]}"
                for host in self.hosts
            )
            raise RuntimeError(f"{done.stderr.strip()}\n{consoles}")
