"""A control host in a folder: real files, the real roster and the real transport, programs that answer from a list."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

from aifctl.core.report import Item, Report
from aifctl.core.settings import Settings, read_settings
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.profile import Profiles
from aifctl.ops.doctor import doctor
from aifctl.ops.programs import Answer
from aifctl.ports.store import Reader
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.transport import DialSettings, Transport
from aifctl.roster.roster import FileRoster
from aifctl.transport.ssh import open_transport
from aifctl.wiring.expecting import all_checks, profiles_in_use
from aifctl.wiring.remembered import reader_at, store_place
from tests.fanout.journal_fakes import TestClock
from tests.ops.run_fakes import ListSink
from tests.sshd import make_key

INVENTORY = """\
site: lab
nodes:
  n[1-3]: {}
"""


@dataclass
class VersionPrograms:
    """Finds ssh where it has one, and lets it say its version."""

    ssh: str | None = "/opt/bin/ssh"
    rc: int | None = 0
    asked: list[list[str]] = field(default_factory=list)

    def find(self, name: str, environ: Mapping[str, str]) -> str | None:
        assert (name, "HOME" in environ) == ("ssh", True)
        return self.ssh

    def ask(self, argv: Sequence[str], environ: Mapping[str, str]) -> Answer:
        assert "HOME" in environ
        self.asked.append(list(argv))
        return Answer(rc=self.rc, stderr="OpenSSH_9.2p1, OpenSSL 3.0.19\n" if self.rc == 0 else "")

    def become(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        raise AssertionError(f"doctor becomes nothing: {argv} {len(environ)}")


@dataclass
class ControlHost:
    """Implements what doctor touches of a Toolbox.

    Attributes:
        secrets_read: how often a secret was asked for.
    """

    folder: Path
    environ: dict[str, str]
    clock: TestClock = field(default_factory=TestClock)
    group: str | None = None
    flags: dict[str, str] = field(default_factory=dict)
    secrets_read: int = 0
    reader: Reader | None = None

    @property
    def settings(self) -> Settings:
        found = read_settings(self.environ, system_file=self.folder / "settings.toml", lenient=True)
        return found.with_flags(dict(self.flags))

    @property
    def state(self) -> StateDir:
        return StateDir(path=self.folder / "state", group=self.group)

    @property
    def store_reader(self) -> Reader | None:
        self.reader = self.reader or reader_at(store_place(self.settings, self.state))
        return self.reader

    @property
    def roster(self) -> FileRoster:
        return FileRoster(self.state)

    @property
    def inventory_path(self) -> Path:
        return Path(self.settings.value("inventory"))

    @property
    def fleet(self) -> Fleet:
        return self.roster.load(self.inventory_path).fleet

    @property
    def profiles(self) -> Profiles:
        return profiles_in_use(self.settings, lambda: self.inventory_path, all_checks())

    def endpoints(self, names: Sequence[str]) -> tuple[Endpoint, ...]:
        return tuple(map(self.fleet.endpoint, names))

    @property
    def open_transport(self) -> Callable[[], Transport]:
        value = self.settings.value
        if value("key_password"):
            self.secrets_read += 1
        settings = DialSettings(
            identities=value("identity"),
            known_hosts=value("known_hosts"),
            ssh_config=value("ssh_config"),
            agent=self.environ.get("SSH_AUTH_SOCK"),
        )
        return cast("Callable[[], Transport]", partial(open_transport, settings))

    def write_inventory(self, text: str = INVENTORY) -> None:
        path = self.inventory_path
        path.write_text(text)
        at = self.clock.at.timestamp() - 7200
        os.utime(path, (at, at))


def healthy(folder: Path) -> ControlHost:
    """Return a control host with which nothing is wrong."""
    folder.mkdir(exist_ok=True)
    key = make_key(folder / "id")
    known = folder / "known_hosts"
    known.write_text("# ours\nn1 ssh-ed25519 AAAA\n")
    known.chmod(0o644)
    environ = {
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "LANG": "C.UTF-8",
        "AIFCTL_INVENTORY": str(folder / "fleet.yaml"),
        "AIFCTL_IDENTITY": str(key),
        "AIFCTL_KNOWN_HOSTS": str(known),
        "AIFCTL_SSH_CONFIG": str(folder / "ssh_config"),
    }
    host = ControlHost(folder=folder, environ=environ)
    host.write_inventory()
    host.state.folder()
    return host


@dataclass(frozen=True)
class Seen:
    """What doctor said."""

    report: Report
    items: list[Item]

    def rows(self, what: str, part: str = "check") -> list[dict[str, Any]]:
        return [dict(item) for item in self.items if (item["part"], item["what"]) == (part, what)]

    def row(self, what: str, part: str = "check") -> dict[str, Any]:
        (row,) = self.rows(what, part)
        return row

    @property
    def bad(self) -> dict[str, str]:
        return {item["what"]: item["status"] for item in self.items if item["status"] != "ok"}


def see(host: ControlHost, *, audit: bool = False, programs: VersionPrograms | None = None) -> Seen:
    sink = ListSink()
    try:
        report = doctor(audit, cast("Toolbox", host), sink, programs=programs or VersionPrograms())
    finally:
        if host.reader is not None:
            host.reader.close()
            host.reader = None
    return Seen(report=report, items=sink.items)
