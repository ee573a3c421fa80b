"""A toolbox for `ssh` with the real host keys behind it, and programs that remember what they were told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node
from aifctl.fleet.selector import Terms
from aifctl.ops.programs import Answer, SystemPrograms
from aifctl.ops.ssh import SshAsked, ssh
from aifctl.ports.host_keys import HostKeys
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import DialSettings
from aifctl.transport.ssh import open_host_keys
from tests.ops.run_fakes import ListSink


@dataclass
class SshTools:
    """What `ssh` touches of a Toolbox."""

    state: StateDir
    dial_settings: DialSettings
    fleet: Fleet
    environ: Mapping[str, str]
    terms: Terms = field(default_factory=Terms)
    notes: list[str] = field(default_factory=list)

    @property
    def host_keys(self) -> HostKeys:
        return open_host_keys(self.dial_settings)

    def endpoints(self, names: Sequence[str]) -> tuple[Endpoint, ...]:
        return tuple(map(self.fleet.endpoint, names))

    def note(self, sentence: str, *, detail: bool = False) -> None:
        self.notes.append(f"-v: {sentence}" if detail else sentence)


@dataclass
class FakePrograms:
    """Finds ssh, answers `ssh -G` with fixed lines, and becomes nothing."""

    shown: str = "user somebody\nhostname somewhere\nport 22\n"
    ssh: str | None = "/usr/bin/ssh"
    rc: int | None = 0
    stderr: str = ""
    asked: list[list[str]] = field(default_factory=list)
    became: list[str] = field(default_factory=list)
    environ: dict[str, str] = field(default_factory=dict)

    def find(self, name: str, environ: Mapping[str, str]) -> str | None:
        assert name == "ssh"
        assert "PATH" in environ
        return self.ssh

    def ask(self, argv: Sequence[str], environ: Mapping[str, str]) -> Answer:
        assert "PATH" in environ
        self.asked.append(list(argv))
        return Answer(rc=self.rc, stdout=self.shown, stderr=self.stderr)

    def become(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self.became, self.environ = list(argv), dict(environ)


class RealPrograms(SystemPrograms):
    """The system's, but for the last step, which a test takes itself."""

    def __init__(self) -> None:
        self.became: list[str] = []
        self.environ: dict[str, str] = {}

    def become(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self.became, self.environ = list(argv), dict(environ)


def fleet_of(*endpoints: Endpoint, off: bool = False) -> Fleet:
    return Fleet.from_nodes([Node(endpoint=endpoint, off=off) for endpoint in endpoints])


def call_ssh(tools: SshTools, programs: FakePrograms | RealPrograms, node: str, *command: str) -> list[str]:
    """Call the verb and return the argument list that ssh would have got."""
    ssh(SshAsked(node=node, command=command), cast("Toolbox", tools), ListSink(), programs=programs)
    return programs.became
