"""Settings: each value and where it came from. Flag > environment > user file > /etc > built-in."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aifctl.core.channels import parse_channels
from aifctl.core.errors import SettingsError, UsageError
from aifctl.core.store_url import parse_store_url
from aifctl.core.units import parse_duration_s, parse_login, parse_size_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing that can be set: its name in settings files; its environment variable is AIFCTL_NAME."""

    name: str
    about: str
    built_in: str = ""
    parse: Callable[[str], Any] = str

    @property
    def variable(self) -> str:
        return f"AIFCTL_{self.name.upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A value as it was found: the text, and the flag, variable, file or "built-in" that said it."""

    text: str
    source: str


def _absolute(name: str, text: str) -> str:
    """Return a path, or several with colons between them, as it is meant here; other texts stay as they are."""
    if _BY_NAME[name].parse not in {_path, _paths}:
        return text
    return ":".join(str(Path(part).expanduser().absolute()) for part in text.split(":") if part)


def _paths(text: str) -> tuple[str, ...]:
    return tuple(str(Path(part).expanduser()) for part in text.split(":") if part)


def _path(text: str) -> str:
    return str(Path(text).expanduser()) if text else ""


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise UsageError(f"{text!r} is not a whole number above 0")
    return int(text)


def _port(text: str) -> int | None:
    if text and (not text.isdecimal() or not 0 < int(text) <= _MOST_PORT):
        raise UsageError(f"{text!r} is not a port; write a number from 1 to {_MOST_PORT}")
    return int(text) if text else None


_MOST_PORT = 65_535

TABLE = (
    Setting(name="inventory", about="inventory file or folder", parse=_path),
    Setting(name="hostfile", about="file of hosts in place of the inventory; for one command, as a flag", parse=_path),
    Setting(name="state_dir", about="where runs, locks and caches are kept", parse=_path),
    Setting(
        name="state",
        about="the store: sqlite:////PATH or postgresql://USER@HOST/DATABASE; in the state directory where it is not set",
        parse=parse_store_url,
    ),
    Setting(name="state_group", about="group that shares the state directory (2770/0660 in place of 0700/0600)"),
    Setting(name="user", about="remote user where the inventory names none", parse=parse_login),
    Setting(name="port", about="SSH port where the inventory names none", parse=_port),
    Setting(name="identity", about="private keys to offer, separated by colons", parse=_paths),
    Setting(
        name="known_hosts",
        about="known_hosts files, separated by colons; `trust scan` writes the first",
        built_in="~/.ssh/known_hosts:/etc/ssh/ssh_known_hosts",
        parse=_paths,
    ),
    Setting(
        name="ssh_config",
        about="ssh_config files, separated by colons; the first match wins",
        built_in="~/.ssh/config:/etc/ssh/ssh_config",
        parse=_paths,
    ),
    Setting(name="jump", about="jump hosts tried in turn where the inventory names none, separated by spaces"),
    Setting(name="width", about="most nodes connected at once", built_in="256", parse=_count),
    Setting(name="dial_width", about="most dials under way at once", built_in="128", parse=_count),
    Setting(name="connect_timeout", about="time to reach and log in to a node", built_in="10s", parse=parse_duration_s),
    Setting(
        name="timeout", about="time a command may take on a node, 0 for ever", built_in="300s", parse=parse_duration_s
    ),
    Setting(name="output_cap", about="bytes kept per node and stream", built_in="1M", parse=parse_size_bytes),
    Setting(name="key_password", about="reference to the password of encrypted keys: file:PATH, fd:N or cmd:COMMAND"),
    Setting(name="sudo_password", about="reference to the sudo password: file:PATH, fd:N, cmd:COMMAND or ask"),
    Setting(
        name="notify",
        about="who is told of incidents: alertmanager=REF, slack=REF, webhook=REF; REF to the address: file:PATH, cmd:COMMAND",
        parse=parse_channels,
    ),
    Setting(
        name="notify_ca",
        about="certificate authorities of those receivers, PEM; the system's where not set",
        parse=_path,
    ),
)
_BY_NAME = {setting.name: setting for setting in TABLE}
#: What a file may also write as a list, where it is not paths.
_SEPARATORS = {"jump": " ", "notify": ", "}


class Settings:
    """Every setting with its origin, read once.

    Attributes:
        problems: what is wrong with files that were passed over.
    """

    def __init__(self, found: Mapping[str, Origin], problems: Sequence[SettingsError] = ()) -> None:
        self._found, self.problems = dict(found), tuple(problems)

    def origin(self, name: str) -> Origin:
        return self._found[name]

    def value(self, name: str) -> Any:
        """Return the parsed value; SettingsError that names the source where it does not parse."""
        found = self._found[name]
        try:
            return _BY_NAME[name].parse(found.text)
        except UsageError as problem:
            kind = UsageError if found.source.startswith("--") else SettingsError
            raise kind(f"{name.replace('_', '-')} from {found.source}: {problem}") from problem

    def given(self) -> dict[str, str]:
        """Return what the command line says, by name, paths made absolute: it can be said again elsewhere."""
        return {
            name: _absolute(name, found.text) for name, found in self._found.items() if found.source.startswith("--")
        }

    def below_flags(self, flags: Mapping[str, str]) -> Settings:
        """Return these settings with an earlier command line's flags on top, but below this one's own."""
        mine = {name for name, found in self._found.items() if found.source.startswith("--")}
        return self.with_flags({name: text for name, text in flags.items() if name not in mine})

    def with_flags(self, flags: Mapping[str, str | None]) -> Settings:
        """Return these settings with what the command line says on top; None means that the flag was not given."""
        given = {
            name: Origin(text=text, source=f"--{name.replace('_', '-')}")
            for name, text in flags.items()
            if text is not None
        }
        return Settings({**self._found, **given}, self.problems)


def read_settings(
    environ: Mapping[str, str], *, system_file: Path = Path("/etc/aifctl/settings.toml"), lenient: bool = False
) -> Settings:
    """Read built-in values, `/etc`, the user's file and the environment, in rising order.

    A file that can't be understood is a SettingsError; a `lenient` reader passes it over and finds it in `problems`.
    """
    found = {setting.name: Origin(text=setting.built_in, source="built-in") for setting in TABLE}
    problems = []
    for file in (system_file, user_file(environ)):
        try:
            found.update(_read_file(file))
        except SettingsError as problem:
            if not lenient:
                raise
            problems.append(problem)
    for setting in TABLE:
        text = environ.get(setting.variable)
        if text is not None:
            found[setting.name] = Origin(text=text, source=setting.variable)
    return Settings(found, problems)


def user_file(environ: Mapping[str, str]) -> Path:
    """Return where the user's settings file would be."""
    home = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "aifctl" / "settings.toml"


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """Return the state directory of somebody who has set none."""
    home = environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "aifctl"


def _read_file(file: Path) -> dict[str, Origin]:
    try:
        text = file.read_text()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(f"{file} can't be read: {problem}; mend it or remove it") from problem
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(f"{file} is not TOML: {problem}") from problem
    return {name: _entry(file, name, value) for name, value in table.items()}


def _entry(file: Path, name: str, value: object) -> Origin:
    if name not in _BY_NAME:
        raise SettingsError(f"{file}: there is no setting {name!r}{_did_you_mean(name)}")
    if isinstance(value, list):
        separator = _SEPARATORS.get(name, ":")
        value = separator.join(map(str, value))
    if isinstance(value, (dict, bool)):
        raise SettingsError(f"{file}: {name} must be a text or a number")
    return Origin(text=str(value), source=str(file))


def _did_you_mean(name: str) -> str:
    import difflib  # noqa: PLC0415  only after a mistake: 4 ms that no good command pays

    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(_BY_NAME))}"


def effective_user(environ: Mapping[str, str]) -> str:
    """Return the local login name without asking a directory service when the environment knows it."""
    return environ.get("USER") or environ.get("LOGNAME") or str(os.getuid())
