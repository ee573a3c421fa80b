"""push: a file or a folder to many nodes. pull: from many nodes, each node's into a folder of its own."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aifctl.core.errors import RefusedError, SetupError, UsageError
from aifctl.core.report import Report
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.deed import Deed
from aifctl.fanout.manifest import Manifest, read_manifest
from aifctl.fanout.pull_work import PullWork
from aifctl.fanout.push_work import PushWork
from aifctl.ops.reported import dispatch
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

_OWNER = re.compile(r"(?=.)([A-Za-z0-9_][A-Za-z0-9_.@-]*\$?)?(:([A-Za-z0-9_][A-Za-z0-9_.@-]*)?)?")
_MODE = re.compile(r"[0-7]{3,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAsked:
    """`mode` is octal text; `owner` USER, USER:GROUP or :GROUP."""

    fan: Fan
    source: str
    destination: str
    mode: str | None = None
    owner: str | None = None
    delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PullAsked:
    """`destination` is a local folder."""

    fan: Fan
    source: str
    destination: str


def push(asked: PushAsked, tools: Toolbox, sink: Sink) -> Report:
    """Make a file or a tree the same on each chosen node as it is here."""
    source = Path(asked.source).expanduser().absolute()
    manifest = read_manifest(source)
    if asked.delete and not manifest.is_tree:
        raise UsageError(f"--delete is for folders, and {asked.source} is a file")
    if asked.delete and not posixpath.normpath(asked.destination).strip("/"):
        raise UsageError("--delete with / as DEST would remove each node's whole system; name the folder that is meant")
    facts = {
        "source": str(source),
        "digest": _digest(manifest),
        "destination": _remote(asked.destination),
        "mode": _mode(asked.mode),
        "owner": _owner(asked.owner),
        "delete": asked.delete,
        "timeout_s": tools.settings.value("timeout") or None,
    }
    return dispatch(_push_deed(facts, manifest, dry_run=asked.fan.consent.dry_run), asked.fan, tools, sink)


def pull(asked: PullAsked, tools: Toolbox, sink: Sink) -> Report:
    """Copy a file or a tree of each chosen node below the folder, into one of the node's own."""
    folder = Path(asked.destination).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise SetupError(f"the folder {asked.destination} can't be made: {problem.strerror}") from problem
    timeout_s = tools.settings.value("timeout") or None
    facts = {"source": _remote(asked.source), "folder": str(folder), "timeout_s": timeout_s}
    return dispatch(pull_deed(facts, tools), asked.fan, tools, sink)


def push_deed(facts: Mapping[str, Any], _tools: Toolbox, *, dry_run: bool = False) -> Deed:
    """Return the deed of an earlier `push`; RefusedError where its source is not what it was."""
    manifest = read_manifest(Path(facts["source"]))
    if _digest(manifest) != facts["digest"]:
        raise RefusedError(
            f"{facts['source']} is not what it was when the run began, and half a fleet has the old one: push it anew"
        )
    return _push_deed(facts, manifest, dry_run=dry_run)


def pull_deed(facts: Mapping[str, Any], _tools: Toolbox) -> Deed:
    """Return the deed of a `pull`; `facts` are what its journal keeps."""
    work = PullWork(source=facts["source"], folder=facts["folder"], timeout_s=facts["timeout_s"])
    steps = (f"pull {facts['source']} to {facts['folder']}/NODE",)
    return Deed(verb="pull", facts=facts, work=work, steps=steps, changing=False)


def _push_deed(facts: Mapping[str, Any], manifest: Manifest, *, dry_run: bool) -> Deed:
    work = PushWork(
        manifest=manifest,
        dest=facts["destination"],
        mode=facts["mode"],
        owner=facts["owner"],
        delete=facts["delete"],
        dry_run=dry_run,
        timeout_s=facts["timeout_s"],
    )
    size_bytes = sum(entry.size_bytes for entry in manifest.entries)
    what = f"{len(manifest.entries)} files and folders" if manifest.is_tree else "a file"
    steps = [f"push {facts['source']} ({what}, {size_bytes} bytes, {facts['digest'][:12]}…) to {facts['destination']}"]
    if facts["delete"]:
        steps.append(f"remove below {facts['destination']} what {facts['source']} lacks")
    return Deed(
        verb="push",
        facts=facts,
        work=work,
        steps=tuple(steps),
        guarded=facts["delete"],
        changing=not dry_run,
        looks=True,
    )


def _digest(manifest: Manifest) -> str:
    entries = [asdict(entry) for entry in manifest.entries]
    return hashlib.sha256(json.dumps(entries, sort_keys=True).encode()).hexdigest()


def _remote(path: str) -> str:
    if not path or "\0" in path:
        raise UsageError("a remote path can't be empty")
    return path


def _mode(text: str | None) -> int | None:
    if text is None:
        return None
    if not _MODE.fullmatch(text):
        raise UsageError(f"--mode {text!r}: write it in octal, such as 644 or 0755")
    return int(text, 8)


def _owner(text: str | None) -> str | None:
    if text is not None and not _OWNER.fullmatch(text):
        raise UsageError(f"--owner {text!r}: write USER, USER:GROUP or :GROUP")
    return text
