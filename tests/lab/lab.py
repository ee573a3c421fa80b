"""The lab: hosts on a bridge, and a control side that runs aifctl against them as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.hosts import Host
from tests.lab.namespace import Namespace

_CHECKOUT = Path(__file__).resolve().parents[2]

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


def wait_until(holds: Callable[[], object], what: str, *, timeout_s: float = 20) -> None:
    """Wait for something that real processes do in their own time; fails, and says what for, when it does not come."""
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about within {timeout_s:g} s")
        time.sleep(0.03)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one command said; its repr is what a failing test shows."""

    command: str
    code: int
    out: str
    err: str

    def envelope(self) -> dict[str, Any]:
        """Return what `-o json` printed."""
        try:
            return dict(json.loads(self.out))
        except ValueError as problem:
            raise AssertionError(f"stdout is not the JSON envelope: {self!r}") from problem

    def items(self) -> dict[str, dict[str, Any]]:
        """Return the items of `-o json` by node."""
        return {item["node"]: item for item in self.envelope()["items"]}

    def outcomes(self) -> dict[str, str]:
        """Return each node's outcome from `-o json`."""
        return {node: item["outcome"] for node, item in self.items().items()}

    def __repr__(self) -> str:
        return f"$ {self.command}\n[exit {self.code}]\n--- stdout\n{self.out}\n--- stderr\n{self.err}\n---"


@dataclass(kw_only=True)
class Control:
    """The operator's machine: a home with keys, known_hosts, an inventory, a state directory."""

    home: Path
    namespace: Namespace
    hosts: Sequence[Host]
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        return self.home / ".ssh/id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.home / ".ssh/known_hosts"

    @property
    def state(self) -> Path:
        return self.home / "state"

    def prepare(self) -> None:
        """Write what aifctl reads: known_hosts with every host's own key, an inventory, a hostfile."""
        for folder in (self.home, self.home / ".ssh"):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        self.trust(*self.hosts)
        outer = [host for host in self.hosts if not host.inner]
        (self.home / "hostfile").write_text("".join(f"{host.name}\n" for host in outer))
        (self.home / "inventory.yaml").write_text(self._inventory())
        self.environ = {
            "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
            "PYTHONPATH": str(_CHECKOUT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIFCTL_INVENTORY": str(self.home / "inventory.yaml"),
            "AIFCTL_STATE_DIR": str(self.state),
        }

    def trust(self, *hosts: Host) -> None:
        """Write known_hosts anew, with the keys that these hosts have now."""
        lines = [f"{host.name},{host.address} {host.host_key}\n" for host in hosts]
        self.known_hosts.write_text("".join(lines))
        self.known_hosts.chmod(0o600)

    def json(self, *args: str, timeout_s: float = 50) -> Outcome:
        """Run `aifctl ARGS` with JSON output; ARGS may end in `-- COMMAND`."""
        at = args.index("--") if "--" in args else len(args)
        return self.aifctl(*args[:at], "--output=json", *args[at:], timeout_s=timeout_s)

    def aifctl(
        self,
        *args: str,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 50,
    ) -> Outcome:
        """Run `aifctl ARGS` inside the lab to its end."""
        process = self.start(*args, env=env, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE)
        return self.finish(process, *args, stdin=stdin, timeout_s=timeout_s)

    def start(
        self, *args: str, env: Mapping[str, str] | None = None, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        """Start `aifctl ARGS` inside the lab; the process is aifctl itself, in a process group of its own."""
        command = self.namespace.enter(sys.executable, "-m", "aifctl", *args)
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ | dict(env or {}),
            start_new_session=True,
        )

    def ssh(self) -> list[str]:
        """Return OpenSSH's own client as the operator would call it."""
        options = [f"UserKnownHostsFile={self.known_hosts}", "StrictHostKeyChecking=yes", "LogLevel=ERROR"]
        return ["ssh", "-i", str(self.key), "-o", "IdentitiesOnly=yes", *(word for o in options for word in ("-o", o))]

    @staticmethod
    def finish(
        process: subprocess.Popen[bytes], *args: str, stdin: str | None = None, timeout_s: float = 50
    ) -> Outcome:
        """Wait for a started aifctl; one that does not end is killed and fails the test."""
        command = f"aifctl {' '.join(args)}"
        try:
            out, err = process.communicate(stdin.encode() if stdin is not None else None, timeout=timeout_s)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise AssertionError(
                f"{command} did not end within {timeout_s:g} s; stdout {out!r}, stderr {err!r}"
            ) from late
        return Outcome(
            command=command,
            code=process.returncode,
            out=out.decode(errors="backslashreplace"),
            err=err.decode(errors="backslashreplace"),
        )

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
