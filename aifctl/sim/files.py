"""What lies beside a simulated fleet: an inventory, a known_hosts file, a client key."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from aifctl.sim import credentials
from aifctl.sim.layout import NODES_PER_RACK, NODES_PER_SU, RACKS_PER_SU, SUS_PER_HALL, Layout
from aifctl.sim.node.machine import SKU
from aifctl.sim.node.parts import HCAS
from aifctl.sim.spec import FleetSpec

_INVENTORY = """\
# A simulated fleet on this machine's loopback; `aifctl sim down {name}` ends it and removes this file.
site: sim

defaults:
  user: {user}
  port: {port}
  sku: {sku}
  address: "127.{{(su#-1)%254+1}}.{{(rack#-1)%8+1+(su#-1)/254*8}}.{{node#}}"
  identity: ["{identity}"]
  ssh: {{UserKnownHostsFile: "{known_hosts}", GlobalKnownHostsFile: /dev/null}}
  unit: "{{node#*10-8}}"
  height: 8
  rack_height: 48
  serial: "SIM{{rack#:04}}{{node#:02}}"
  feeds: ["A{{(rack#-1)/4+1}}", "B{{(rack#-1)/4+1}}"]
  rails:
{rails}

halls:
{halls}
leaves:
  l[1-{sus_count}]-r[0-7]: {{ports: 32, spines: "s[1-4]"}}
"""
#: An adapter's name says nothing of its rail: mlx5_1 and mlx5_7 are for storage and management.
_RAILS = "\n".join(
    f'    {rail}: {{hca: "{hca}", leaf: "l{{su#}}-r{rail}", port: "{{(rack#-1)%8*4+node#}}"}}'
    for rail, hca in enumerate(HCAS)
)


@dataclass(frozen=True, slots=True)
class FleetFiles:
    """The files of one fleet; the folder is 0700, they are 0600."""

    folder: Path

    @property
    def inventory(self) -> Path:
        return self.folder / "inventory.yaml"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    @property
    def identity(self) -> Path:
        return self.folder / "client_key"

    @property
    def secret(self) -> Path:
        return self.folder / "secret"

    def write(self, spec: FleetSpec, *, port: int, secret: bytes) -> None:
        """Write them all, each only when it is whole."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = credentials.client_key(secret)
        self._write(self.secret, secret)
        self._write(self.identity, credentials.private_text(key))
        self._write(self.folder / "client_key.pub", f"{credentials.public_text(key)} simulated-fleet\n".encode())
        layout = Layout(spec.nodes_count)
        lines = [
            f"[{place.address}]:{port} {credentials.public_text(credentials.host_key(secret, place.name))}\n"
            for place in layout.places()
        ]
        self._write(self.known_hosts, "".join(lines).encode())
        self._write(self.inventory, self._inventory(spec, layout, port).encode())

    def write_text(self, name: str, text: str) -> None:
        """Write one more file beside them."""
        self._write(self.folder / name, text.encode())

    def remove(self) -> None:
        """Remove what `write` wrote."""
        for path in (self.inventory, self.known_hosts, self.identity, self.secret, self.folder / "client_key.pub"):
            path.unlink(missing_ok=True)

    def _inventory(self, spec: FleetSpec, layout: Layout, port: int) -> str:
        return _INVENTORY.format(
            name=spec.name, user=spec.user, port=port, identity=_quoted(self.identity),
            known_hosts=_quoted(self.known_hosts), sku=SKU, rails=_RAILS, halls=_halls(layout),
            sus_count=layout.sus_count,
        )  # fmt: skip

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.new")
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)


def _halls(layout: Layout) -> str:
    """Return the halls as YAML, each with its SUs: whole ones in one entry, the last one by itself where it is not."""
    whole, left = divmod(layout.nodes_count, NODES_PER_SU)
    lines = []
    for hall, first in enumerate(range(1, layout.sus_count + 1, SUS_PER_HALL), 1):
        last = min(first + SUS_PER_HALL - 1, layout.sus_count)
        lines += [f"  h{hall}:", "    sus:", *_whole_sus(first, min(last, whole), layout)]
        if left and last == layout.sus_count:
            lines.append(_last_su(whole, left, layout))
    return "\n".join(lines)


def _whole_sus(first: int, last: int, layout: Layout) -> list[str]:
    if last < first:
        return []
    racks = f"r[{{su#*8-7:0{layout.digits}}}-{{su#*8:0{layout.digits}}}]"
    return [f'      su{_range(first, last)}: {{racks: {{"{racks}": {{nodes: "{{rack}}n[01-04]"}}}}}}']


def _last_su(whole: int, left: int, layout: Layout) -> str:
    """Return the SU behind the whole ones, of so many nodes."""
    digits = layout.digits
    first = whole * RACKS_PER_SU + 1
    full_racks, rest = divmod(left, NODES_PER_RACK)
    racks_of_last = []
    if full_racks:
        names = f"r{_range(first, first + full_racks - 1, digits)}"
        racks_of_last.append(f'"{names}": {{nodes: "{{rack}}n[01-04]"}}')
    if rest:
        name = f"r{first + full_racks:0{digits}d}"
        racks_of_last.append(f'"{name}": {{nodes: "{{rack}}n{_range(1, rest, 2)}"}}')
    return f"      su{whole + 1}: {{racks: {{{', '.join(racks_of_last)}}}}}"


def _range(first: int, last: int, digits: int = 1) -> str:
    return f"{first:0{digits}d}" if first == last else f"[{first:0{digits}d}-{last:0{digits}d}]"


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("{", "{{")
