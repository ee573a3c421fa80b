"""The light fleet: built once, started for one figure, with the keys and lists that clients need."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PORT = 2200
_SOURCE = Path(__file__).with_name("lightfleet") / "main.go"
_GO_PACKAGES = Path("/usr/share/gocode")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A running fleet: its nodes by address, and below `folder` what reaches them.

    Attributes:
        nodes: all that a client is to be asked for.
        dead: those of them that answer nothing.
    """

    folder: Path
    nodes: tuple[str, ...]
    dead: tuple[str, ...] = ()

    @property
    def hostfile(self) -> Path:
        return self.folder / "hosts"

    @property
    def key(self) -> Path:
        return self.folder / "id"

    @property
    def host_key(self) -> Path:
        return self.folder / "host.pub"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def alive(self) -> frozenset[str]:
        return frozenset(self.nodes) - frozenset(self.dead)


def addresses(count: int) -> tuple[str, ...]:
    """Return that many loopback addresses."""
    return tuple(f"127.{1 + i // 62500}.{i // 250 % 250}.{1 + i % 250}" for i in range(count))


def spread(nodes: Sequence[str], share: float) -> tuple[str, ...]:
    """Return that share of the nodes, evenly spread, as failures in a hall are."""
    step = round(1 / share)
    return tuple(nodes[step // 2 :: step])


def missing_for_building() -> str | None:
    """Say what keeps the light fleet from being built here; None when nothing does."""
    if shutil.which("go") is None or not (_GO_PACKAGES / "src/golang.org/x/crypto/ssh").is_dir():
        return "golang-go and golang-golang-x-crypto-dev: make deps"
    return None


def build(folder: Path) -> Path:
    """Compile the light fleet where it is missing or older than its source."""
    binary = folder / "lightfleet"
    if not binary.exists() or binary.stat().st_mtime < _SOURCE.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        env = {"GO111MODULE": "off", "GOPATH": str(_GO_PACKAGES), "GOCACHE": str(folder / "go"), "CGO_ENABLED": "0"}
        subprocess.run(["go", "build", "-o", binary, _SOURCE], env=os.environ | env, check=True)
    return binary


@contextlib.contextmanager
def light_fleet(binary: Path, folder: Path, count: int, *, reply_bytes: int = 0, dead: float = 0) -> Iterator[Fleet]:
    """Run `count` nodes for as long as the context lasts, a share `dead` of them blackholed."""
    folder.mkdir(exist_ok=True)
    nodes = addresses(count)
    fleet = Fleet(folder=folder, nodes=nodes, dead=spread(nodes, dead) if dead else ())
    for key in (folder / "host", fleet.key):
        if not key.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = " ".join(fleet.host_key.read_text(encoding="ascii").split()[:2])
    fleet.known_hosts.write_text("".join(f"[{node}]:{PORT} {public}\n" for node in nodes))
    fleet.hostfile.write_text("".join(f"{node}\n" for node in nodes))
    (folder / "dead").write_text("".join(f"{node}\n" for node in fleet.dead))
    options = [f"-port={PORT}", f"-key={folder / 'host'}", f"-reply-bytes={reply_bytes}", f"-dead={folder / 'dead'}"]
    with subprocess.Popen([binary, *options], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            if server.stdout.readline() != "ready\n":
                raise RuntimeError("the light fleet did not start; what it said stands above")
            yield fleet
        finally:
            server.terminate()
