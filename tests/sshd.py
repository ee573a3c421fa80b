"""A real OpenSSH server on loopback, with keys and settings of its own, for as long as a test needs it."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no OpenSSH server here: make deps")

_CONFIG = """\
{more}
ListenAddress {address}
Port {port}
{host_keys}
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
LogLevel VERBOSE
SetEnv HOME={folder}/home
"""


def make_key(path: Path, *, kind: str = "ed25519", password: str = "", comment: str = "test") -> Path:
    """Make a key pair with ssh-keygen and return the private one's path."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", password, "-C", comment, "-f", str(path), "-Z", "aes128-ctr"], check=True
    )
    return path


def public(path: Path) -> str:
    """Return "type base64" of the key pair at `path`."""
    return " ".join(path.with_name(f"{path.name}.pub").read_text().split()[:2])


@dataclass(kw_only=True)
class Sshd:
    """One server. `user` is who may log in, with the key at `identity`."""

    folder: Path
    address: str
    port: int
    host_keys: list[Path]
    identity: Path
    user: str = field(default_factory=getpass.getuser)
    process: subprocess.Popen[str] | None = None

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(name="node1", address=self.address, port=self.port)

    def known_hosts(self, *, hashed: bool = False, names: str = "") -> Path:
        """Write a known_hosts file with this server's keys."""
        path = self.folder / ("known_hosts_hashed" if hashed else "known_hosts")
        names = names or f"[{self.address}]:{self.port}"
        path.write_text("".join(f"{names} {public(key)} written by a test\n" for key in self.host_keys))
        if hashed:
            subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)
            path.with_name(f"{path.name}.old").unlink()
        return path

    def settings(self, **more: object) -> DialSettings:
        """Return settings that reach this server."""
        values: dict[str, object] = {
            "user": self.user,
            "identities": (str(self.identity),),
            "known_hosts": (str(self.known_hosts()),),
        }
        return DialSettings(**{**values, **more})  # type: ignore[arg-type]

    def start(self, more: str = "") -> None:
        """Start and wait until it listens."""
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # noqa: PTH103 - sshd asks for this very path
        config = self.folder / "sshd_config"
        (self.folder / "home").mkdir(exist_ok=True)  # bash reads a .bashrc under sshd: not this machine's
        keys = "\n".join(f"HostKey {key}" for key in self.host_keys)
        for usual in ("Subsystem sftp internal-sftp", "MaxStartups 200", "MaxSessions 20"):
            if usual.split()[0] not in more:
                more = f"{more}\n{usual}"
        text = _CONFIG.format(address=self.address, port=self.port, host_keys=keys, folder=self.folder, more=more)
        config.write_text(text)
        self.process = subprocess.Popen(
            [str(SSHD), "-D", "-e", "-f", str(config)],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        said = []
        for line in self.process.stderr:
            said.append(line)
            if line.startswith("Server listening"):
                break
        else:
            pytest.fail(f"sshd did not start: {''.join(said)}")
        # Its pipe must not fill up while the test goes on.
        os.set_blocking(self.process.stderr.fileno(), False)

    def stop(self) -> None:
        """End the server and every session of it."""
        if self.process:
            children = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
            )
            for pid in [self.process.pid, *map(int, children.stdout.split())]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            self.process.wait(10)
            assert self.process.stderr is not None
            self.process.stderr.close()
            self.process = None


def free_port(address: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
        sock.bind((address, 0))
        return int(sock.getsockname()[1])


@contextlib.contextmanager
def running_sshd(
    folder: Path, *, address: str = "127.0.0.11", more: str = "", kinds: tuple[str, ...] = ("ed25519",)
) -> Iterator[Sshd]:
    """Run a server in `folder` until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = make_key(folder / "id")
    (folder / "authorized_keys").write_text(public(identity) + "\n")
    host_keys = [make_key(folder / f"host_{kind}", kind=kind) for kind in kinds]
    sshd = Sshd(folder=folder, address=address, port=free_port(address), host_keys=host_keys, identity=identity)
    sshd.start(more)
    try:
        yield sshd
    finally:
        sshd.stop()
