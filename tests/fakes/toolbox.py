"""A whole Toolbox in memory: a fleet that answers from scripts, a terminal that answers as told, and a memory of both."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from aifctl.core.errors import AifctlError
from aifctl.core.secret import Secret
from aifctl.core.settings import Settings, read_settings
from aifctl.core.state_dir import StateDir
from aifctl.core.store_url import StoreUrl
from aifctl.diagnosis.check import Check
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Node
from aifctl.fleet.policy import Policy
from aifctl.fleet.profile import Profiles
from aifctl.fleet.selector import Terms
from aifctl.fleet.states import StateNow
from aifctl.ports.host_keys import HostKey, KeyChange, fingerprint_of
from aifctl.ports.probe_package import ProbePackage
from aifctl.ports.roster import Roster
from aifctl.ports.store import Reader, Rebuilt, Store
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import DialSettings, Transport
from aifctl.store.light import open_reader
from aifctl.store.place import find_place
from aifctl.store.rebuild import rebuild
from aifctl.store.store import open_store
from tests.fakes.fleet import FakeTransport, Script
from tests.fakes.run_parts import FakeProgress
from tests.ops.run_fakes import ListSink

TONIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class LoopClock:
    """The running loop's time, real or made up; outside of a loop it stands still, but that no two moments are the same."""

    def __init__(self) -> None:
        self._looks = 0

    def now(self) -> datetime:
        self._looks += 1  # runs are named by the millisecond
        return TONIGHT + timedelta(milliseconds=self._looks)

    def monotonic_s(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return 0.0

    async def sleep(self, seconds_s: float) -> None:
        await asyncio.sleep(seconds_s)


@dataclass
class FakeConfirm:
    """ports.confirm.Confirm: somebody who types `typed`, or nobody at all."""

    possible: bool = False
    typed: str = ""
    questions: list[str] = field(default_factory=list)

    def ask(self, question: str, *, expected: str) -> bool:
        assert self.possible, "nobody is there to be asked"
        self.questions.append(question)
        return self.typed == expected


@dataclass
class FakePrompt:
    """ports.prompt.Prompt: lines one after the other, and the labels that stood before them."""

    lines: list[str | BaseException]
    is_person: bool = False
    labels: list[str] = field(default_factory=list)

    def read(self, label: str) -> str | None:
        self.labels.append(label)
        line = self.lines.pop(0) if self.lines else None
        if isinstance(line, BaseException):
            raise line
        return line


@dataclass
class FakeHostKeys:
    """ports.host_keys.HostKeys: keys by node; only what `write` wrote can be forgotten.

    Attributes:
        vouched: from the inventory or another file, so they stay.
        comments: what `write` was told to put behind the keys.
    """

    vouched: dict[str, list[str]] = field(default_factory=dict)
    own: dict[str, list[str]] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)

    def trusted(self, endpoint: Endpoint) -> Sequence[HostKey]:
        name = endpoint.name
        return (*self._keys(name, self.vouched, "inventory"), *self._keys(name, self.own, "known_hosts:1"))

    def changes(self, seen: Sequence[tuple[Endpoint, Sequence[str]]]) -> Sequence[KeyChange]:
        found = []
        for endpoint, keys in seen:
            trusted = self.trusted(endpoint)
            new = tuple(key for key in keys if key not in {one.key for one in trusted})
            if new:
                found.append(KeyChange(endpoint=endpoint, old=tuple(trusted), new=new))
        return found

    def write(self, changes: Sequence[KeyChange], *, comment: str) -> None:
        self.comments.append(comment)
        for change in changes:
            self.own[change.endpoint.name] = list(change.new)

    def forget(self, endpoints: Sequence[Endpoint]) -> Sequence[HostKey]:
        gone = [key for each in endpoints for key in self._keys(each.name, self.own, "known_hosts:1")]
        for each in endpoints:
            self.own.pop(each.name, None)
        return gone

    def _keys(self, name: str, held: Mapping[str, list[str]], source: str) -> list[HostKey]:
        return [
            HostKey(hosts=name, marker="", key=key, fingerprint=fingerprint_of(key), source=source)
            for key in held.get(name, [])
        ]


@dataclass(kw_only=True)
class FakeToolbox:
    """Implements ports.toolbox.Toolbox and remembers what was said.

    Attributes:
        transport: what every `open_transport()` gives; it remembers whom it dialled and what it sent.
        notes, details, told: sentences for stderr, those of -v, and errors.
        sinks: those that were asked for, each with its report.
        opened: how often a transport was asked for.
    """

    state: StateDir
    inventory: Fleet
    transport: FakeTransport = field(default_factory=FakeTransport)
    known: Fleet | None = None
    settings: Settings = field(default_factory=lambda: read_settings({}, system_file=Path("/nonexistent")))
    environ: Mapping[str, str] = field(default_factory=lambda: {"USER": "pat", "SSH_CONNECTION": "192.0.2.9 1 2 3"})
    clock: LoopClock = field(default_factory=LoopClock)
    progress: FakeProgress = field(default_factory=FakeProgress)
    confirm: FakeConfirm = field(default_factory=FakeConfirm)
    host_keys: FakeHostKeys = field(default_factory=FakeHostKeys)
    dial_settings: DialSettings = field(default_factory=DialSettings)
    terms: Terms = field(default_factory=Terms)
    prompt: FakePrompt = field(default_factory=lambda: FakePrompt([]))
    stdin: BinaryIO = field(default_factory=io.BytesIO)
    inventory_path: Path = Path("/nonexistent/site.yaml")
    inventory_age_s: float = 0.0
    given: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    files: Roster | None = None
    checks: Sequence[Check] = ()
    profiles: Profiles = field(default_factory=Profiles)
    probe: ProbePackage = field(default_factory=lambda: ProbePackage(data=b"zip", sha256="0" * 64, launcher="pass"))
    notes: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    told: list[AifctlError] = field(default_factory=list)
    lines: list[tuple[str, str, bytes]] = field(default_factory=list)
    sinks: list[ListSink] = field(default_factory=list)
    asked_for: list[str] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)

    @property
    def fleet(self) -> Fleet:
        """The inventory, and over it what the store of this state directory says by now."""
        return self.inventory.with_states(lambda: self.states)

    @fleet.setter
    def fleet(self, fleet: Fleet) -> None:
        self.inventory = fleet

    @property
    def states(self) -> Mapping[str, StateNow]:
        reader = self.store_reader
        return {row.node: row.now for row in reader.states().values()} if reader else {}

    @property
    def known_fleet(self) -> Fleet:
        return self.known or self.fleet

    @property
    def roster(self) -> Roster:
        assert self.files is not None, "this verb was not expected to read files"
        return self.files

    @property
    def store(self) -> Store:
        """A real one, in the state directory: what it does is tried by tests of its own."""
        if not self.stores:
            self.stores.append(open_store(find_place(StoreUrl(), self.state), clock=self.clock))
        return self.stores[0]

    def rebuild_store(self, logs: Sequence[Path]) -> Rebuilt:
        return rebuild(find_place(StoreUrl(), self.state), clock=self.clock, logs=logs)

    @property
    def store_reader(self) -> Reader | None:
        return open_reader(find_place(StoreUrl(), self.state))

    @property
    def open_transport(self) -> Callable[[], Transport]:
        return lambda: self.transport

    def check_named(self, name: str) -> Check | None:
        return next((check for check in self.checks if check.name == name), None)

    def with_given(self, given: Mapping[str, str]) -> Toolbox:
        return replace(self, settings=self.settings.below_flags(given), given=given).box

    def sink(self, *, again: bool = False) -> ListSink:
        self.sinks.append(ListSink(again=again))
        return self.sinks[-1]

    def endpoints(self, names: Sequence[str]) -> tuple[Endpoint, ...]:
        return tuple(map(self.fleet.endpoint, names))

    def check_keys(self, endpoints: Sequence[Endpoint]) -> None:
        self.open_transport().check(endpoints)

    def secret(self, setting: str) -> Secret | None:
        self.asked_for.append(setting)
        return self.secrets.get(setting)

    def note(self, sentence: str, *, detail: bool = False) -> None:
        (self.details if detail else self.notes).append(sentence)

    def tell(self, error: AifctlError) -> None:
        self.told.append(error)

    def live(self, node: str, stream: str, line: bytes) -> None:
        self.lines.append((node, stream, line))

    @property
    def box(self) -> Toolbox:
        """This, as its port; mypy checks here that it fits."""
        return self


def scripted(scripts: Mapping[str, Script] | None = None, ordinary: Script | None = None) -> FakeTransport:
    """Return a transport whose nodes do what their scripts say."""
    return FakeTransport(scripts, ordinary)


def racks(
    racks_count: int = 4,
    *,
    nodes_count: int = 8,
    policy: Policy | None = None,
    states: Mapping[str, State] | None = None,
    off: Sequence[str] = (),
) -> Fleet:
    """Return r1n1 … in racks r1, r2, …, two of them to an SU."""
    return Fleet.from_nodes(
        [
            _node(f"r{rack}n{number}", rack, states or {}, off)
            for rack in range(1, racks_count + 1)
            for number in range(1, nodes_count + 1)
        ],
        policy=policy,
        origin="fleet.yaml",
    )


def toolbox(tmp_path: Path, fleet: Fleet | None = None, **parts: Any) -> FakeToolbox:
    """Return a toolbox over a state directory below `tmp_path`; `parts` are the fields of FakeToolbox."""
    return FakeToolbox(state=StateDir(path=tmp_path / "state"), inventory=racks() if fleet is None else fleet, **parts)


def _node(name: str, rack: int, states: Mapping[str, State], off: Sequence[str]) -> Node:
    return Node(
        endpoint=Endpoint(name=name, address=name),
        rack=f"r{rack}",
        su=f"su{(rack + 1) // 2}",
        state=states.get(name, State.READY),
        off=name in off,
    )
