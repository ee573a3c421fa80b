"""Which person stands behind this process, and where they sit: sudo and cron hide both."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from aifctl.ports.store_writes import By

_NO_LOGIN = (1 << 32) - 1
# From a verb up to the login shell it is a handful: aifctl, sudo, bash, sudo -i, bash, sshd.
_MOST_ANCESTORS = 24


def real_user(environ: Mapping[str, str], *, proc: Path = Path("/proc")) -> str:
    """Return who logged in, and as whom they act where that differs: `alice`, `alice (as root)`.

    The kernel's login uid comes first (it survives sudo and su), then sudo's own word, which only root can be given.
    """
    uid = os.getuid()
    login = _login_uid(proc)
    if login is None and uid == 0 and environ.get("SUDO_UID", "").isdigit():
        login = int(environ["SUDO_UID"])
    if login is None or login == uid:
        return _name(uid)
    return f"{_name(login)} (as {_name(uid)})"


def this_person(environ: Mapping[str, str], *, run: str = "") -> By:
    """Return who acts, and from where, as the store writes it down; `run` is the run or sweep that it belongs to."""
    return By(who=real_user(environ), from_where=from_where(environ), run=run)


def from_where(environ: Mapping[str, str], *, proc: Path = Path("/proc")) -> str:
    """Return the client's address and the terminal: `10.0.0.5 pts/3`, `tty1`, or `no terminal` (cron, a service)."""
    connection = environ.get("SSH_CONNECTION") or environ.get("SSH_CLIENT") or _inherited(proc)
    client = connection.split(" ")[0] if connection else ""
    return " ".join(filter(None, (client, _terminal()))) or "no terminal"


def _login_uid(proc: Path) -> int | None:
    try:
        uid = int((proc / "self" / "loginuid").read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if uid == _NO_LOGIN else uid


def _inherited(proc: Path) -> str:
    """Find sshd's word in the environment of an ancestor: sudo does not pass it on."""
    pid = os.getppid()
    for _ in range(_MOST_ANCESTORS):
        if pid <= 1:
            break
        try:
            variables = (proc / str(pid) / "environ").read_bytes().split(b"\0")
            status = (proc / str(pid) / "stat").read_bytes()
        except OSError:
            break  # another user's process: what is above it is not ours to read
        for variable in variables:
            if variable.startswith(b"SSH_CONNECTION="):
                return variable.partition(b"=")[2].decode("ascii", "backslashreplace")
        pid = int(status.rpartition(b")")[2].split()[1])
    return ""


def _terminal() -> str:
    for descriptor in (0, 2, 1):
        try:
            return os.ttyname(descriptor).removeprefix("/dev/")
        except OSError:
            continue
    return ""


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
