"""doctor looks at what logs in: our own keys, the agent, known_hosts and ssh_config files. No node is dialled."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from aifctl.core.errors import AifctlError
from aifctl.fleet.endpoint import Endpoint
from aifctl.ops.doctor_rows import Row, Status
from aifctl.ports.toolbox import Toolbox

_AGENT_S = 2.0
_IDENTITIES_REQUEST = b"\0\0\0\x01\x0b"
_IDENTITIES_ANSWER = 12
#: Length of the answer, its kind, the number of keys.
_ANSWER_HEAD_BYTES = 9
_ANYONE_WRITES, _GROUP_WRITES = 0o002, 0o020
_OTHERS = 0o077
_TRUST_OPTIONS = frozenset({"userknownhostsfile", "globalknownhostsfile"})
_NO_FILES = frozenset({"none", "/dev/null"})
#: Stands for a node where there is no inventory to ask: whatever is used where nobody names a key.
_ANY = Endpoint(name="localhost", address="localhost")


def look_at_keys(tools: Toolbox) -> Iterator[Row]:
    """Yield each set of keys that some node is logged in to with; SetupError where ssh_config can't be read."""
    if tools.settings.value("key_password"):
        # Reading them takes the password, and a password is fetched for a run alone.
        yield from _unopened(tools)
        return
    transport = tools.open_transport()
    try:
        for identities, endpoints in _by_identity(tools).items():
            named = f"{', '.join(identities)} can be used" if identities else "there is one to log in with"
            nodes = f"{len(endpoints)} node{'s' * (len(endpoints) != 1)}" if endpoints[0] is not _ANY else "any node"
            try:
                transport.check(endpoints)
            except AifctlError as problem:
                yield Row(what="keys", status=Status.FAIL, found=str(problem), advice=f"{nodes} can't be logged in to")
            else:
                yield Row(what="keys", found=f"{named}, for {nodes}", source=_key_source(tools, identities))
    finally:
        asyncio.run(transport.close())


def look_at_agent(tools: Toolbox) -> Iterator[Row]:
    """Yield whether the agent answers, and how many keys it holds."""
    path = tools.environ.get("SSH_AUTH_SOCK")
    if not path:
        yield Row(what="agent", found="none (SSH_AUTH_SOCK is not set)")
        return
    try:
        count = _count_keys(path)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        advice = "start ssh-agent anew, or unset SSH_AUTH_SOCK; keys that only it holds are missing"
        yield Row(what="agent", status=Status.WARN, found=f"{path}: {reason}", source="SSH_AUTH_SOCK", advice=advice)
        return
    found = f"{path} holds {count} key{'s' * (count != 1)}"
    status, advice = (Status.OK, "") if count else (Status.WARN, "ssh-add a key, or unset SSH_AUTH_SOCK")
    yield Row(what="agent", status=status, found=found, source="SSH_AUTH_SOCK", advice=advice)


def look_at_known_hosts(tools: Toolbox) -> Iterator[Row]:
    """Yield each known_hosts file; host keys are checked strictly, so without one nobody is logged in to."""
    files = tools.settings.value("known_hosts")
    source = tools.settings.origin("known_hosts").source
    named, vouched = _inventorys_trust(tools)
    yield from (_trust_file("known_hosts", file, "inventory") for file in named)
    if vouched or any(Path(file).exists() for file in (*files, *named)):
        yield from (_trust_file("known_hosts", file, source) for file in files)
        return
    advice = "no node can be logged in to before its key is known: aifctl trust scan @all"
    found = f"none there: {', '.join(files)}" if files else "none named"
    yield Row(what="known_hosts", status=Status.WARN, found=found, source=source, advice=advice)


def look_at_ssh_config(tools: Toolbox) -> Iterator[Row]:
    """Yield each ssh_config file; whether they can be understood shows where the keys are looked at."""
    source = tools.settings.origin("ssh_config").source
    for file in tools.settings.value("ssh_config"):
        yield _trust_file("ssh_config", file, source)


def _by_identity(tools: Toolbox) -> dict[tuple[str, ...], list[Endpoint]]:
    try:
        fleet = tools.fleet
        endpoints = tools.endpoints(fleet.names)
    except AifctlError:  # the inventory has a row of its own
        endpoints = ()
    groups: dict[tuple[str, ...], list[Endpoint]] = {}
    for endpoint in endpoints or (_ANY,):
        groups.setdefault(endpoint.identity or tools.settings.value("identity"), []).append(endpoint)
    return groups


def _key_source(tools: Toolbox, identities: tuple[str, ...]) -> str:
    if not identities:
        return "agent, ssh_config, ~/.ssh"
    return tools.settings.origin("identity").source if identities == tools.settings.value("identity") else "inventory"


def _unopened(tools: Toolbox) -> Iterator[Row]:
    identities = list(dict.fromkeys(name for names in _by_identity(tools) for name in names))
    if not identities:
        yield Row(what="keys", found="no file named; none is looked for: their password is fetched for a run alone")
    for identity in identities:
        yield _file_alone(identity)


def _file_alone(identity: str) -> Row:
    path = Path(identity).expanduser()
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as problem:
        found = f"{identity}: {problem.strerror}"
        return Row(what="keys", status=Status.FAIL, found=found, advice="check --identity")
    if mode & _OTHERS:
        found = f"{identity} may be read by others (mode {mode:04o})"
        return Row(what="keys", status=Status.FAIL, found=found, advice=f"chmod 600 {identity}")
    return Row(what="keys", found=f"{identity} is there; not opened, its password is fetched for a run alone")


def _inventorys_trust(tools: Toolbox) -> tuple[tuple[str, ...], bool]:
    """Return the known_hosts files that nodes' own ssh options name, and whether some node's key stands in the inventory."""
    try:
        fleet = tools.fleet
        endpoints = [fleet.endpoint(name) for name in fleet.names]
    except AifctlError:  # the inventory has a row of its own
        return (), False
    options = dict.fromkeys(option for endpoint in endpoints for option in endpoint.options)
    words = [word for name, value in options if name.lower() in _TRUST_OPTIONS for word in value.split()]
    files = dict.fromkeys(str(Path(word).expanduser()) for word in words if word not in _NO_FILES)
    return tuple(files), any(endpoint.host_keys for endpoint in endpoints)


def _trust_file(what: str, file: str, source: str) -> Row:
    path = Path(file)
    try:
        with path.open("rb") as stream:
            facts = os.fstat(stream.fileno())
            count = _entries_count(stream)
    except FileNotFoundError:
        return Row(what=what, found=f"{file} is not there", source=source)
    except OSError as problem:
        advice = f"make it readable for you, or name others with {what}"
        return Row(what=what, status=Status.FAIL, found=f"{file}: {problem.strerror}", source=source, advice=advice)
    mode = stat.S_IMODE(facts.st_mode)
    found = f"{file}: {count} line{'s' * (count != 1)}, mode {mode:04o}"
    status, advice = _judged(file, mode, facts.st_uid)
    return Row(what=what, status=status, found=found, source=source, advice=advice)


def _judged(file: str, mode: int, uid: int) -> tuple[Status, str]:
    if mode & _ANYONE_WRITES:
        return Status.FAIL, f"anyone can say whom this control host trusts: chmod go-w {file}"
    if mode & _GROUP_WRITES:
        return Status.WARN, f"its group can say whom this control host trusts: chmod g-w {file}"
    if uid not in {0, os.geteuid()}:
        return Status.WARN, f"user {uid} can say whom this control host trusts; it should be yours or root's"
    return Status.OK, ""


def _entries_count(lines: Iterator[bytes] | Sequence[bytes]) -> int:
    return sum(bool(line.strip()) and not line.lstrip().startswith(b"#") for line in lines)


def _count_keys(path: str) -> int:
    """Ask an agent for its keys (draft-miller-ssh-agent, 3.5) and return their number; OSError or ValueError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_AGENT_S)
        connection.connect(path)
        connection.sendall(_IDENTITIES_REQUEST)
        head = b""
        while len(head) < _ANSWER_HEAD_BYTES:
            piece = connection.recv(_ANSWER_HEAD_BYTES - len(head))
            if not piece:
                raise ValueError("it answers, but not as an agent does")
            head += piece
    if head[4] != _IDENTITIES_ANSWER:
        raise ValueError("it does not show its keys")
    return int.from_bytes(head[5:], "big")
