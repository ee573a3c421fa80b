"""The Toolbox: one per command; each adapter is imported when it is first touched."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from aifctl.core.errors import UsageError
from aifctl.core.report import ReaderGoneError, Report
from aifctl.core.settings import Settings, default_state_dir
from aifctl.core.state_dir import StateDir
from aifctl.core.system_clock import SystemClock
from aifctl.wiring.drawers import all_formats, format_named, format_names, inventory_formats
from aifctl.wiring.overruling import load_hostfile, overruled_endpoints
from aifctl.wiring.remembered import reader_at, rebuilt, states_now, store_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aifctl.core.errors import AifctlError
    from aifctl.core.outcome import Outcome
    from aifctl.core.secret import Secret
    from aifctl.core.shown import Shown
    from aifctl.diagnosis.check import Check
    from aifctl.fleet.endpoint import Endpoint
    from aifctl.fleet.fleet import Fleet
    from aifctl.fleet.profile import Profiles
    from aifctl.fleet.selector import Terms
    from aifctl.fleet.states import StateNow
    from aifctl.output.live import LiveLines
    from aifctl.output.progress import ShownProgress
    from aifctl.output.screen import Screen
    from aifctl.output.sink import ReportSink
    from aifctl.ports.confirm import Confirm
    from aifctl.ports.host_keys import HostKeys
    from aifctl.ports.probe_package import ProbePackage
    from aifctl.ports.prompt import Prompt
    from aifctl.ports.roster import Loaded, Roster
    from aifctl.ports.sink import Sink
    from aifctl.ports.store import Reader, Rebuilt, Store
    from aifctl.ports.toolbox import Toolbox
    from aifctl.ports.transport import DialSettings, Transport
    from aifctl.store.place import Place

    Verb = Callable[[Toolbox, Sink], Report]


class Tools:
    """Implements ports.toolbox.Toolbox; what costs something is made when first touched."""

    def __init__(self, settings: Settings, shown: Shown, screen: Screen | None = None) -> None:
        self.settings = settings
        self._shown = shown
        self._screen = screen or open_screen(shown)
        self._live_gone = False
        self._reader: Reader | None = None

    @property
    def environ(self) -> Mapping[str, str]:
        return os.environ

    @property
    def given(self) -> Mapping[str, str]:
        return {name: text for name, text in self.settings.given().items() if name != "state_dir"}

    @cached_property
    def clock(self) -> SystemClock:
        return SystemClock()

    @cached_property
    def state(self) -> StateDir:
        path = Path(self.settings.value("state_dir") or default_state_dir(self.environ)).absolute()
        return StateDir(path=path, group=self.settings.value("state_group") or None)

    @cached_property
    def progress(self) -> ShownProgress:
        return self._screen.progress()

    @cached_property
    def confirm(self) -> Confirm:
        from aifctl.custody.terminal_confirm import TerminalConfirm

        return TerminalConfirm()

    @cached_property
    def roster(self) -> Roster:
        from aifctl.roster.roster import FileRoster

        return FileRoster(self.state, formats=inventory_formats)

    @cached_property
    def inventory_path(self) -> Path:
        from aifctl.roster.sources import find_inventory

        found = self.settings.origin("inventory")
        flag = found.text if found.source.startswith("--") else None
        variable = {"AIFCTL_INVENTORY": found.text} if found.source == "AIFCTL_INVENTORY" else {}
        return find_inventory(flag, variable, found.text, Path.cwd())[0]

    @property
    def inventory_age_s(self) -> float:
        return max(0.0, self.clock.now().timestamp() - self._strictly.modified_at)

    @property
    def fleet(self) -> Fleet:
        return self._strictly.fleet

    @property
    def known_fleet(self) -> Fleet:
        return self._leniently.fleet

    @cached_property
    def terms(self) -> Terms:
        from aifctl.fleet.selector import Terms
        from aifctl.roster.name_files import read_names

        return Terms(run=self._outcomes_of_run, read_file=read_names, read_stdin=lambda: self._stdin_text)

    @cached_property
    def host_keys(self) -> HostKeys:
        from aifctl.transport.ssh import open_host_keys

        return open_host_keys(self.dial_settings)

    @cached_property
    def dial_settings(self) -> DialSettings:
        from aifctl.wiring.dialling import dial_settings

        return dial_settings(self.settings, self.environ, self.state, key_password=self.secret("key_password"))

    @property
    def open_transport(self) -> Callable[[], Transport]:
        from aifctl.transport.ssh import open_transport

        return partial(open_transport, self.dial_settings)

    @property
    def probe(self) -> ProbePackage:
        from aifctl.wiring.probe import probe_package

        return probe_package()

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        from aifctl.wiring.expecting import all_checks

        return all_checks()

    def check_named(self, name: str) -> Check | None:
        from aifctl.wiring.expecting import check_named

        return check_named(name, lambda: self.checks)

    @cached_property
    def profiles(self) -> Profiles:
        from aifctl.wiring.expecting import profiles_in_use

        return profiles_in_use(self.settings, lambda: self.inventory_path, self.checks)

    @cached_property
    def store(self) -> Store:
        from aifctl.store.store import open_store

        return open_store(self._store_place, clock=self.clock)

    def rebuild_store(self, logs: Sequence[Path]) -> Rebuilt:
        return rebuilt(self._store_place, self.clock, logs)

    @property
    def store_reader(self) -> Reader | None:
        self._reader = self._reader or reader_at(self._store_place)  # whoever watches sees it when there is one
        return self._reader

    @cached_property
    def states(self) -> Mapping[str, StateNow]:
        return states_now(lambda: self.store_reader, self.note)

    @property
    def stdin(self) -> BinaryIO:
        if sys.stdin is None:  # `<&-`
            raise UsageError("stdin is closed, and this command is to read it; give it something, if only </dev/null")
        return sys.stdin.buffer

    @cached_property
    def prompt(self) -> Prompt:
        from aifctl.output.prompt import open_prompt

        return open_prompt(self.stdin, self.state, is_person=self.confirm.possible)

    def endpoints(self, names: Sequence[str]) -> tuple[Endpoint, ...]:
        return overruled_endpoints(self.settings, self.given, (self._loaded or self._strictly).fleet, names)

    def check_keys(self, endpoints: Sequence[Endpoint]) -> None:
        from aifctl.transport.ssh import check_keys

        check_keys(self.dial_settings, endpoints)

    def secret(self, setting: str) -> Secret | None:
        reference = self.settings.value(setting)
        if not reference:
            return None
        if setting not in self._secrets:
            from aifctl.custody.secret_source import read_secret

            self._secrets[setting] = read_secret(reference, what=f"the {setting.replace('_', ' ')}")
        return self._secrets[setting]

    def with_given(self, given: Mapping[str, str]) -> Tools:
        return Tools(self.settings.below_flags(given), self._shown, self._screen)

    def sink(self, *, again: bool = False) -> ReportSink:
        from aifctl.output.sink import open_sink

        screen, name = self._screen, self._shown.format
        alone = name in format_names() and not self._shown.live  # the others are for the advice in an error
        formats = {name: format_named(name)} if alone else all_formats()
        page, quiet = screen.page(self._scopes_of, again=again), self._shown.quiet
        pipes = {"stdout": screen.stdout, "stderr": screen.stderr}
        return open_sink(name, formats, page=page, **pipes, quiet=quiet, known=all_formats)

    def note(self, sentence: str, *, detail: bool = False) -> None:
        if not self._shown.quiet and (self._shown.verbose or not detail):
            self._screen.note(sentence)

    def live(self, node: str, stream: str, line: bytes) -> None:
        if self._live_gone:
            return
        try:
            self._live_lines.show(node, stream, line)
        except ReaderGoneError:
            self._live_gone = True

    def tell(self, error: AifctlError) -> None:
        """Tell an error on stderr."""
        self._screen.tell(error)

    @cached_property
    def _live_lines(self) -> LiveLines:
        return self._screen.live()

    @cached_property
    def _secrets(self) -> dict[str, Secret]:
        return {}

    @cached_property
    def _strictly(self) -> Loaded:
        return self._load(last_good=False)

    @cached_property
    def _leniently(self) -> Loaded:
        return self._load(last_good=True)

    @property
    def _loaded(self) -> Loaded | None:
        """The inventory, if this command has read it already."""
        return self.__dict__.get("_strictly") or self.__dict__.get("_leniently")

    @cached_property
    def _store_place(self) -> Place:
        return store_place(self.settings, self.state)

    def _load(self, *, last_good: bool) -> Loaded:
        loaded = load_hostfile(self.roster, self.settings)
        if loaded is None:
            loaded = self.roster.load(self.inventory_path, last_good=last_good)
        for notice in loaded.notices:
            self.note(f"aifctl: {notice}")
        return replace(loaded, fleet=loaded.fleet.with_states(lambda: self.states))

    def _scopes_of(self, name: str) -> Any:
        """Say where a node stands, if this command has read an inventory that knows it."""
        from aifctl.output.shared import scopes_of

        loaded = self._loaded
        return scopes_of(loaded.fleet.node(name)) if loaded and name in loaded.fleet else ()

    def _outcomes_of_run(self, reference: str) -> Mapping[str, Outcome | None]:
        from aifctl.fanout.run_nodes import outcomes_for_selector
        from aifctl.fanout.runs import read_run

        return outcomes_for_selector(read_run(self.state, reference))

    @cached_property
    def _stdin_text(self) -> str:
        from aifctl.roster.name_files import read_names_from

        return read_names_from(self.stdin, "stdin")


def open_screen(shown: Shown) -> Screen:
    """Return stdout and stderr as this command may use them."""
    from aifctl.output.screen import Screen

    return Screen(shown)
