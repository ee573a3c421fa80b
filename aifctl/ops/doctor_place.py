"""doctor looks at this place: the state directory, limits, the clock, the terminal, what is installed."""

from __future__ import annotations

import contextlib
import grp
import importlib.metadata
import locale
import os
import platform
import pwd
import resource
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from aifctl.core.errors import AifctlError
from aifctl.core.state_dir import StateDir
from aifctl.fanout.descriptors import fitting_width
from aifctl.fanout.run_summary import list_runs
from aifctl.ops.doctor_rows import Row, Status
from aifctl.ops.programs import Programs
from aifctl.ports.toolbox import Toolbox

_GIB = 1 << 30
_LEAST_FREE_BYTES = _GIB
_LEAST_FREE_INODES = 10_000
_PROBE_BYTES = 4096
_ANYONE_WRITES = 0o002
_OTHERS = 0o077
_SHARED_MODE = 0o2770
_FUTURE_S = 60.0
_INFINITE = 1 << 30
_PACKAGES = ("aifctl", "asyncssh", "cryptography")


def look_at_state(tools: Toolbox) -> Iterator[Row]:
    """Yield whether the state directory can be written (a file is written and removed), its mode, its space."""
    state = tools.state
    if not state.path.exists():
        yield _not_yet(state.path)
        return
    with tempfile.TemporaryFile(dir=state.path) as probe:
        probe.write(b"\0" * _PROBE_BYTES)
        probe.flush()
        os.fsync(probe.fileno())
    yield Row(what="state directory", found=f"{state.path} can be written")
    yield _mode(state)
    yield _space(state.path)


def look_at_descriptors(tools: Toolbox) -> Iterator[Row]:
    """Yield how many open files there may be, beside what the width needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    width = tools.settings.value("width")
    limit = _INFINITE if hard == resource.RLIM_INFINITY else hard
    fits, _ = fitting_width(width, descriptors=limit)
    found = f"soft {soft}, hard {'unlimited' if limit == _INFINITE else hard}, enough for a width of {width}"
    if fits >= width:
        yield Row(what="open files", found=found)
        return
    advice = f"raise the hard limit (ulimit -Hn, limits.conf) or set --width {fits}; runs are narrowed to that"
    found = f"soft {soft}, hard {hard}: a width of {width} does not fit, {fits} does"
    yield Row(what="open files", status=Status.WARN, found=found, advice=advice)


def look_at_clock(tools: Toolbox) -> Iterator[Row]:
    """Yield the time, beside that of the newest run: time that has gone backwards shows there first."""
    now, newest = tools.clock.now(), 0.0
    with contextlib.suppress(AifctlError):  # runs that can't be listed have a row of their own
        newest = max((run.started_at for run in list_runs(tools.state, limit=1)), default=0.0)
    if newest > now.timestamp() + _FUTURE_S:
        ahead = f"{now:%Y-%m-%d %H:%M:%SZ}, and the newest run began {newest - now.timestamp():.0f} s later than that"
        advice = "compare the clock with another's; timedatectl says whether it is synchronised"
        yield Row(what="clock", status=Status.WARN, found=ahead, advice=advice)
        return
    yield Row(what="clock", found=f"{now:%Y-%m-%d %H:%M:%SZ}")


def look_at_terminal(tools: Toolbox) -> Iterator[Row]:
    """Yield how text is written, and where to."""
    environ = tools.environ
    named = next((f"{name}={environ[name]}" for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "unset")
    encoding = (sys.stdout.encoding or locale.getpreferredencoding(do_setlocale=False)).lower()
    utf8 = encoding.replace("-", "") == "utf8"
    yield Row(
        what="locale",
        status=Status.OK if utf8 else Status.WARN,
        found=f"{named}, output is {encoding}",
        advice="" if utf8 else "what is not in it is shown as escapes; LC_ALL=C.UTF-8 shows all",
    )
    size = shutil.get_terminal_size()
    kind = environ.get("TERM") or "no TERM"
    colour = ", NO_COLOR" if environ.get("NO_COLOR") else ""
    where = f"{kind}, {size.columns} columns" if sys.stdout.isatty() else f"none on stdout ({kind})"
    yield Row(what="terminal", found=f"{where}{colour}")


def look_at_versions(tools: Toolbox, programs: Programs) -> Iterator[Row]:
    """Yield what is installed; nothing of it is imported."""
    yield Row(what="python", found=f"{platform.python_version()} at {sys.executable}")
    for package in _PACKAGES:
        try:
            yield Row(what=package, found=importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            advice = "install aifctl again, with what it depends on"
            yield Row(what=package, status=Status.FAIL, found="not installed", advice=advice)
    ssh = programs.find("ssh", tools.environ)
    if ssh is None:
        advice = "aifctl ssh needs it: install openssh-client (Debian, Ubuntu) or openssh-clients (others)"
        yield Row(what="openssh", status=Status.WARN, found="no ssh on PATH", advice=advice)
        return
    said = programs.ask([ssh, "-V"], tools.environ)
    version = (said.stderr or said.stdout).strip().split(",")[0]
    if said.rc == 0 and version:
        yield Row(what="openssh", found=f"{version} at {ssh}")
    else:
        yield Row(what="openssh", status=Status.WARN, found=f"{ssh} does not say its version", advice=f"try {ssh} -V")


def _not_yet(path: Path) -> Row:
    above = next(parent for parent in path.parents if parent.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return Row(what="state directory", found=f"{path} is not there yet; the first run makes it")
    advice = f"make it, or name another with --state-dir; {above} can't be written"
    return Row(what="state directory", status=Status.FAIL, found=f"{path} is not there", advice=advice)


def _mode(state: StateDir) -> Row:
    facts = state.path.stat()
    mode = stat.S_IMODE(facts.st_mode)
    found = f"{mode:04o}, owner {_user(facts.st_uid)}, group {_group(facts.st_gid)}"
    status, advice = _judged(state, mode, facts.st_uid, facts.st_gid)
    return Row(what="state mode", status=status, found=found, advice=advice)


def _judged(state: StateDir, mode: int, uid: int, gid: int) -> tuple[Status, str]:
    if mode & _ANYONE_WRITES:
        return Status.FAIL, f"anyone may write journals and audit records: chmod o-w {state.path}"
    if state.group:
        return _judged_as_shared(state, mode, gid)
    if uid != os.geteuid():
        return Status.WARN, "it is somebody else's; name your own with --state-dir, or its group with state_group"
    if mode & _OTHERS:
        return Status.WARN, f"others may read what nodes have printed: chmod 700 {state.path}"
    return Status.OK, ""


def _judged_as_shared(state: StateDir, mode: int, gid: int) -> tuple[Status, str]:
    try:
        wanted = grp.getgrnam(state.group or "").gr_gid
    except KeyError:
        return Status.FAIL, f"there is no group {state.group!r}: make it, or mend state_group"
    if gid != wanted:
        return Status.FAIL, f"chgrp {state.group} {state.path}; what others of the group wrote there stays unreadable"
    if wanted not in {*os.getgroups(), os.getegid()} and os.geteuid() != 0:
        return Status.FAIL, f"you are not in the group {state.group}: log in again after usermod -aG"
    if mode != _SHARED_MODE:
        return Status.WARN, f"chmod 2770 {state.path}"
    return Status.OK, ""


def _space(path: Path) -> Row:
    facts = os.statvfs(path)
    free_bytes = facts.f_bavail * facts.f_frsize
    # File systems without a table of inodes (btrfs, some network ones) say 0 of 0.
    few = facts.f_files > 0 and facts.f_favail < _LEAST_FREE_INODES
    found = f"{free_bytes / _GIB:.1f} GiB free{f', {facts.f_favail} inodes free' if few else ''}"
    if free_bytes >= _LEAST_FREE_BYTES and not few:
        return Row(what="state space", found=found)
    advice = "a full disk stops runs before they begin: free some, or name another place with --state-dir"
    return Row(what="state space", status=Status.WARN, found=found, advice=advice)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
