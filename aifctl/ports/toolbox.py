"""What a verb is handed: the world, through ports. Members that cost something are made when first touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol

from aifctl.core.settings import Settings
from aifctl.core.state_dir import StateDir
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.selector import Terms
from aifctl.ports.clock import Clock
from aifctl.ports.confirm import Confirm
from aifctl.ports.host_keys import HostKeys
from aifctl.ports.progress import Progress
from aifctl.ports.roster import Roster
from aifctl.ports.transport import DialSettings, Transport


class Toolbox(Protocol):
    """One per command."""

    @property
    def settings(self) -> Settings: ...
    @property
    def environ(self) -> Mapping[str, str]: ...
    @property
    def state(self) -> StateDir: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def progress(self) -> Progress: ...
    @property
    def confirm(self) -> Confirm: ...
    @property
    def roster(self) -> Roster: ...

    @property
    def fleet(self) -> Fleet:
        """The inventory, strictly; InventoryError where it does not parse."""

    @property
    def known_fleet(self) -> Fleet:
        """The inventory for reading verbs: the last good one, said on stderr, where it does not parse."""

    @property
    def terms(self) -> Terms:
        """What selectors need beyond the fleet: runs, files, stdin."""

    @property
    def host_keys(self) -> HostKeys: ...
    @property
    def dial_settings(self) -> DialSettings: ...

    @property
    def open_transport(self) -> Callable[[], Transport]:
        """A picklable factory, so that shards open the same transport."""

    @property
    def stdin(self) -> BinaryIO: ...

    def note(self, sentence: str) -> None:
        """Say one sentence on stderr, unless quiet."""

    def live(self, node: str, stream: str, line: bytes) -> None:
        """Show one line of a node's output as it comes."""
