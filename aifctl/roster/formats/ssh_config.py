"""ssh_config: Host blocks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node
from aifctl.roster.format import Found, Losses, RosterFormat, Written, broken

_MEANT = frozenset({"hostname", "port", "user", "identityfile", "proxyjump"})
_LINE = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)\s*(?:=|\s)\s*(.*\S)\s*")
_WILD = re.compile(r"[*?!]")
_SSH_PORT = 22


@dataclass(slots=True, kw_only=True)
class _Block:
    patterns: list[str]
    options: list[tuple[str, str, int]] = field(default_factory=list)

    def holds_for(self, name: str) -> bool:
        taken = [pattern[1:] for pattern in self.patterns if pattern.startswith("!")]
        if any(fnmatchcase(name, pattern) for pattern in taken):
            return False
        return any(fnmatchcase(name, pattern) for pattern in self.patterns if not pattern.startswith("!"))


def read(text: str, file: str) -> Found:
    """Read the hosts that are named in full; for each option the first block that holds for a host wins, as in ssh."""
    losses = Losses()
    blocks = _blocks(text, file, losses)
    named: dict[str, list[int]] = {}
    wild: list[int] = []  # compared with every name; a block of plain names only holds for those
    for at, block in enumerate(blocks):
        if any(_WILD.search(pattern) for pattern in block.patterns):
            wild.append(at)
        for name in block.patterns:
            if not _WILD.search(name):
                named.setdefault(name, []).append(at)
    nodes = []
    for name, own in named.items():
        ordered = [blocks[at] for at in sorted({*own, *wild})]
        nodes.append(_node(name, [block for block in ordered if block.holds_for(name)], file, losses))
    return Found(nodes=tuple(nodes), lost=losses.sentences())


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write one Host block for each node."""
    losses = Losses()
    lines = ["# Written from the aifctl inventory."]
    for name in names:
        endpoint = fleet.endpoint(name)
        lines += ["", f"Host {name}", f"    HostName {endpoint.address}"]
        lines += [f"    {option} {value}" for option, value in _options(endpoint)]
        if len(endpoint.jump) > 1:
            losses.add("jump hosts beyond the first choice", name)
        if endpoint.host_keys:
            losses.add("host keys, which belong in known_hosts", name)
    return Written(files=(("ssh_config", "\n".join(lines) + "\n"),), lost=losses.sentences())


def _options(endpoint: Endpoint) -> list[tuple[str, str]]:
    options = [("Port", str(endpoint.port))] if endpoint.port != _SSH_PORT else []
    options += [("User", endpoint.user)] if endpoint.user else []
    options += [("IdentityFile", _quoted(path)) for path in endpoint.identity]
    options += [("ProxyJump", endpoint.jump[0])] if endpoint.jump else []
    return [*options, *((option, _quoted(value)) for option, value in endpoint.options)]


def _blocks(text: str, file: str, losses: Losses) -> list[_Block]:
    blocks = [_Block(patterns=["*"])]
    skipping = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if not match:
            raise broken(file, number, f"{line.strip()[:60]!r} is no option; write Name value")
        key, value = match[1].lower(), match[2]
        if key in {"match", "include"}:
            losses.add(f"{match[1]} lines, and what stands below a Match", f"line {number}")
            skipping = skipping or key == "match"
        elif key == "host":
            skipping = False
            blocks.append(_Block(patterns=_words(value, file, number)))
        elif not skipping:
            blocks[-1].options.append((match[1], value, number))
    return blocks


def _node(name: str, blocks: Sequence[_Block], file: str, losses: Losses) -> Node:
    first: dict[str, str] = {}
    identity: dict[str, None] = {}
    options: dict[str, tuple[str, str]] = {}
    for option, value, number in (each for block in blocks for each in block.options):
        words = _words(value, file, number)
        plain = " ".join(words)
        if option.lower() == "identityfile":
            identity[plain] = None
        elif option.lower() in _MEANT:
            first.setdefault(option.lower(), plain)
        else:
            options.setdefault(option.lower(), (option, plain))
    jump = first.get("proxyjump", "none")
    endpoint = Endpoint(
        name=name,
        address=first.get("hostname", name).replace("%h", name).replace("%%", "%"),
        port=_port(first.get("port"), name, losses),
        user=first.get("user"),
        identity=tuple(identity),
        jump=() if jump.lower() == "none" else (jump,),
        options=tuple(options.values()),
    )
    return Node(endpoint=endpoint)


def _port(text: str | None, name: str, losses: Losses) -> int:
    if text is None or (text.isascii() and text.isdigit()):
        return int(text or _SSH_PORT)
    losses.add("ports that are no number", name)
    return _SSH_PORT


def _words(value: str, file: str, number: int) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError as problem:
        raise broken(file, number, f"quotes don't match in {value[:60]!r}") from problem


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s", value) else value


FORMAT = RosterFormat(name="ssh-config", about="ssh_config: one Host block for each node", read=read, write=write)
