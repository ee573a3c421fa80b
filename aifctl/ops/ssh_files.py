"""Files that OpenSSH reads on our behalf: whom to believe for one server, and the ssh_config files of the settings."""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_address
from pathlib import Path

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import StateDir
from aifctl.fleet.endpoint import Endpoint
from aifctl.ops.openssh import config_text
from aifctl.ports.host_keys import HostKey, HostKeys

FOLDER = "ssh"

_SYSTEM_CONFIG = "/etc/ssh/ssh_config"
_AUTHORITY = "cert-authority"
_INVENTORY = "inventory"


def read_trusted(host_keys: HostKeys, endpoint: Endpoint) -> tuple[HostKey, ...]:
    """Return what a run would accept from this endpoint: the inventory's keys stand in for known_hosts' own of it."""
    # A ProxyCommand of ssh_config's is no way that a run could go, but OpenSSH can; it has no bearing on the keys.
    asked = Endpoint(
        name=endpoint.name,
        address=endpoint.address,
        port=endpoint.port,
        user=endpoint.user,
        host_keys=endpoint.host_keys,
        options=(*endpoint.options, ("ProxyCommand", "none")),
    )
    trusted = host_keys.trusted(asked)
    vouched = any(key.source == _INVENTORY for key in trusted)
    return tuple(key for key in trusted if key.marker or not vouched or key.source == _INVENTORY)


def is_enough(trusted: Sequence[HostKey]) -> bool:
    """Tell whether anybody at all would be believed."""
    return any(key.marker in {"", _AUTHORITY} for key in trusted)


def known_hosts_text(trusted: Sequence[HostKey]) -> str:
    """Return a known_hosts file about one server alone.

    A run accepts what is known of the node's address or of its name, with its port or without, hashed or not; OpenSSH
    looks for one spelling. So the answer is written down in place of the question: these keys, whatever it is called.
    """
    sources = dict.fromkeys(key.source for key in trusted)
    lines = [
        "# Written by `aifctl ssh` at each call; to change whom aifctl trusts: aifctl trust scan NODE",
        *(f"# from {_one_line(source)}" for source in sources),
        *(f"{f'@{key.marker} ' if key.marker else ''}* {key.key}" for key in trusted),
    ]
    return "".join(f"{line}\n" for line in lines)


def certificate_name(trusted: Sequence[HostKey], *, name: str, address: str) -> str:
    """Return what the server's certificate must be for where that is not what is dialled, otherwise "".

    A run takes a certificate for the address or for the name, OpenSSH for one of them: the one the authority's own
    line is about, and of both the name, unless the address is a name as well.
    """
    patterns = [key.hosts for key in trusted if key.marker == _AUTHORITY]
    if not patterns or name == address:
        return ""
    if not _is_ip(address) and any(_is_about(hosts, address) for hosts in patterns):
        return ""
    return name if any(_is_about(hosts, name) for hosts in patterns) else ""


def write_known_hosts(state: StateDir, server: str, text: str) -> str:
    """Write the file for one server and return its path."""
    safe = server if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}", server) else _digest(server)
    return str(_write(state, f"known_hosts.{safe}", text))


def choose_config(state: StateDir, files: Sequence[str], *, by_address: bool) -> str | None:
    """Return what -F gets, so that ssh reads the settings' files and no others; None where it reads those by itself."""
    there = [file for file in files if Path(file).is_file()]
    if not there:
        return "none"
    if not by_address and tuple(files) == _own_config():
        return None
    if not by_address and len(there) == 1:
        return there[0]
    text = config_text(there, by_address=by_address)
    return str(_write(state, f"config.{_digest(text)}", text))


def _own_config() -> tuple[str, ...]:
    """Return what ssh reads by itself; it asks the password file where home is, not HOME."""
    try:
        home = pwd.getpwuid(os.geteuid()).pw_dir
    except KeyError:
        return ()
    return f"{home}/.ssh/config", _SYSTEM_CONFIG


def _write(state: StateDir, name: str, text: str) -> Path:
    """Put a file in its place whole, 0600 even where the state directory is shared: it says whom this person trusts."""
    # In a shared state directory each has a folder of their own: a file of somebody else's can't be read.
    path = state.folder(FOLDER, *((str(os.geteuid()),) if state.group else ())) / name
    half = path.with_name(f".{name}.{os.getpid()}")
    try:
        half.unlink(missing_ok=True)
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
        half.replace(path)
    except OSError as problem:
        raise SetupError(
            f"{path} can't be written: {problem.strerror}; free some space, or name another --state-dir"
        ) from problem
    return path


def _is_about(hosts: str, name: str) -> bool:
    if hosts.startswith("|1|"):
        return True
    patterns = hosts.lower().replace("[", "[[]").split(",")
    lowered = name.lower()
    # With the port of the line, whatever it is: the keys have been chosen already, this is about the name alone.
    return any(fnmatchcase(lowered, one) or fnmatchcase(f"[{lowered}]:", one.rstrip("0123456789")) for one in patterns)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _one_line(text: str) -> str:
    return " ".join(text.split())
