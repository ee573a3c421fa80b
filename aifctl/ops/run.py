"""run: one command on many nodes. script: a local script, sent, run by its own interpreter and removed."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from aifctl.core.errors import UsageError
from aifctl.core.report import Report
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.deed import Deed
from aifctl.fanout.exec_work import ExecWork
from aifctl.fanout.remote_command import build_command
from aifctl.ops.remote import command_line, script_line
from aifctl.ops.reported import dispatch
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

_MOST_SCRIPT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunAsked:
    """`command` is what stood behind `--`, None where there was none; `sudo` the user to become."""

    fan: Fan
    command: tuple[str, ...] | None
    sudo: str | None = None
    stdin: bool = False
    remote_exit_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptAsked:
    """As RunAsked, with a local file and its arguments in place of the command."""

    fan: Fan
    file: str
    arguments: tuple[str, ...] = ()
    sudo: str | None = None
    stdin: bool = False
    remote_exit_code: bool = False


def run(asked: RunAsked, tools: Toolbox, sink: Sink) -> Report:
    """Run a command on each chosen node and report what became of it."""
    facts = _facts(asked, tools) | {"line": command_line(asked.command or ())}
    deed = run_deed(facts, tools, tools.stdin if asked.stdin else None)
    return dispatch(deed, asked.fan, tools, sink, remote_exit_code=asked.remote_exit_code)


def script(asked: ScriptAsked, tools: Toolbox, sink: Sink) -> Report:
    """Run a local script on each chosen node and report what became of it."""
    text = base64.b64encode(_read_script(Path(asked.file))).decode("ascii")
    own = {"name": Path(asked.file).name, "text": text, "arguments": list(asked.arguments)}
    deed = script_deed(_facts(asked, tools) | own, tools, tools.stdin if asked.stdin else None)
    return dispatch(deed, asked.fan, tools, sink, remote_exit_code=asked.remote_exit_code)


def run_deed(facts: Mapping[str, Any], tools: Toolbox, stdin: BinaryIO | None = None) -> Deed:
    """Return the deed of a `run`; `facts` are what its journal keeps."""
    command = build_command(
        facts["line"],
        sudo=facts["sudo"],
        password=tools.secret("sudo_password") if facts["sudo"] else None,
        timeout_s=facts["timeout_s"],
    )
    steps = (f"run{_as_user(facts)}: {facts['line']}",)
    return Deed(verb="run", facts=facts, work=ExecWork(command=command), steps=steps, stdin=stdin)


def script_deed(facts: Mapping[str, Any], tools: Toolbox, stdin: BinaryIO | None = None) -> Deed:
    """Return the deed of a `script`; `facts` are what its journal keeps, the script's text among them."""
    text = base64.b64decode(facts["text"])
    command = build_command(
        script_line(facts["name"], text, facts["arguments"]),
        sudo=facts["sudo"],
        password=tools.secret("sudo_password") if facts["sudo"] else None,
        timeout_s=facts["timeout_s"],
        stdin=text,
    )
    digest = hashlib.sha256(text).hexdigest()[:12]
    words = shlex.join([facts["name"], *facts["arguments"]])
    steps = (f"script{_as_user(facts)} (sha256 {digest}…): {words}",)
    return Deed(verb="script", facts=facts, work=ExecWork(command=command), steps=steps, stdin=stdin)


def _facts(asked: RunAsked | ScriptAsked, tools: Toolbox) -> dict[str, Any]:
    return {"sudo": asked.sudo, "timeout_s": tools.settings.value("timeout") or None, "stdin": asked.stdin}


def _as_user(facts: Mapping[str, Any]) -> str:
    return f" as {facts['sudo']}" if facts["sudo"] else ""


def _read_script(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            text = stream.read(_MOST_SCRIPT_BYTES + 1)
    except OSError as problem:
        raise UsageError(f"the script {file} can't be read: {problem.strerror}") from problem
    if not text:
        raise UsageError(f"the script {file} is empty")
    if len(text) > _MOST_SCRIPT_BYTES:
        raise UsageError(f"the script {file} is larger than 16 MiB; `aifctl push` it and run it there")
    return text
