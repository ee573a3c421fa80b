"""What a verb is handed: the world, through ports. Members that cost something are made when first touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from aifctl.core.errors import AifctlError
from aifctl.core.secret import Secret
from aifctl.core.settings import Settings
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.profile import Profiles
from aifctl.fleet.selector import Terms
from aifctl.fleet.states import StateNow
from aifctl.ports.clock import Clock
from aifctl.ports.confirm import Confirm
from aifctl.ports.host_keys import HostKeys
from aifctl.ports.probe_package import ProbePackage
from aifctl.ports.progress import Progress
from aifctl.ports.prompt import Prompt
from aifctl.ports.roster import Roster
from aifctl.ports.sink import Sink
from aifctl.ports.store import Reader, Rebuilt, Store
from aifctl.ports.transport import DialSettings, Transport

if TYPE_CHECKING:
    from aifctl.diagnosis.check import Check  # 20 ms of readings that a light verb does not have


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
    def inventory_path(self) -> Path:
        """Where the inventory in use lies; SetupError where there is none. Reads nothing."""

    @property
    def inventory_age_s(self) -> float:
        """Seconds since the newest file of the inventory in use was changed."""

    @property
    def fleet(self) -> Fleet:
        """The inventory, strictly, its nodes in the states of `states`; InventoryError where it does not parse."""

    @property
    def known_fleet(self) -> Fleet:
        """The inventory for reading verbs: the last good one, said on stderr, where it does not parse."""

    @property
    def states(self) -> Mapping[str, StateNow]:
        """Where nodes stand that the store knows; none where there is no store, or where it can't be read, which is said."""

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
    def probe(self) -> ProbePackage:
        """What looks at a node, built once; SetupError where a part of it is not installed."""

    @property
    def store(self) -> Store:
        """What is remembered of the fleet, opened for writing once: made, migrated and brought up to date where it has to be."""

    def rebuild_store(self, logs: Sequence[Path]) -> Rebuilt:
        """Make the store anew from its log, and from those of other control hosts; the old file is set aside.

        BusyError where somebody writes it, RefusedError where a PostgreSQL database is not empty, SetupError without a log.
        """

    @property
    def store_reader(self) -> Reader | None:
        """The same for those who only look, who load nothing heavy for it; None where there is none yet."""

    @property
    def checks(self) -> Sequence[Check]:
        """All checks, ours and the site's; SetupError where a site's can't be loaded or has another's name."""

    def check_named(self, name: str) -> Check | None:
        """Return one check without opening all of them, which takes a tenth of a second."""

    @property
    def profiles(self) -> Profiles:
        """What kinds of nodes are expected to be; ProfilesError with all mistakes at once."""

    @property
    def stdin(self) -> BinaryIO: ...

    @property
    def given(self) -> Mapping[str, str]:
        """The settings that this command line names, by name, paths made absolute; a later run can be given them again."""

    def with_given(self, given: Mapping[str, str]) -> Toolbox:
        """Return a toolbox with an earlier command line's settings below this one's own; what is costly is made anew."""

    @property
    def prompt(self) -> Prompt:
        """Where lines are typed, or piped in."""

    def sink(self, *, again: bool = False) -> Sink:
        """Return a sink of its own for one more report on the same stdout; whoever asks for it closes it.

        `again`: the report before is drawn once more: in its place on a terminal, under the time of day elsewhere.
        """

    def endpoints(self, names: Sequence[str]) -> tuple[Endpoint, ...]:
        """Return how nodes are reached: as the inventory says, but for what this command line says."""

    def check_keys(self, endpoints: Sequence[Endpoint]) -> None:
        """Look at our own keys for these endpoints; SetupError for the first that can't be used. Nothing is dialled."""

    def secret(self, setting: str) -> Secret | None:
        """Return what a setting that is a reference refers to, read once; None where it is not set."""

    def note(self, sentence: str, *, detail: bool = False) -> None:
        """Say one sentence on stderr, unless quiet; a `detail` only with -v."""

    def tell(self, error: AifctlError) -> None:
        """Tell an error on stderr where the command goes on all the same."""

    def live(self, node: str, stream: str, line: bytes) -> None:
        """Show one line of a node's output as it comes."""
