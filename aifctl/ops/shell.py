"""shell: commands for many nodes at a prompt; connections stay open from one to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from aifctl.core.errors import AifctlError, StoppedError, UsageError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.report import Report
from aifctl.core.units import parse_duration_s
from aifctl.core.words import counted
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.deed import Order
from aifctl.dispatch.selection import Nodes, by_reason, choose_for, said_by_reason
from aifctl.fanout.descriptors import raise_descriptors
from aifctl.fanout.warm import WarmTransport
from aifctl.fleet.nodeset_fold import fold
from aifctl.ops.reported import carry_out
from aifctl.ops.run import run_deed
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

#: Descriptors that stay free for dials, files and the journal.
_SPARE_DESCRIPTORS = 512
_MOST_LABEL = 24

HELP = """\
Type a command; every node's login shell gets the line as it is. Lines that begin with a colon are the shell's own:
  :nodes              which nodes the next command is for
  :nodes SELECTOR     other nodes, such as @rack:r012, @run:latest:failed, '@all ! r012n3'
  :failed             only those on which the last command failed
  :sudo [USER]        as another user from now on (root where none is named); :sudo off for the login user again
  :timeout TIME       for each command on each node; 0 for ever
  :help   :quit       Ctrl-C ends the command that runs, Ctrl-D leaves"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellAsked:
    """`sudo` is the user to become."""

    fan: Fan
    sudo: str | None = None


def shell(asked: ShellAsked, tools: Toolbox, _sink: Sink) -> Report:
    """Carry out line after line, each with a report of its own; the worst exit code of all is the shell's."""
    with _session(asked, tools) as session:
        if tools.prompt.is_person:
            tools.note(f"{session.where()}; :help tells what can be typed, Ctrl-D leaves")
        while not session.over:
            line = tools.prompt.read(session.label())
            if line is None:
                break
            session.take(line.strip())
    return Report(exit=first_that_applies(*session.codes))


@contextmanager
def _session(asked: ShellAsked, tools: Toolbox) -> Iterator[Session]:
    # One loop for all rounds, because connections belong to the loop that opened them.
    with asyncio.Runner() as runner:
        most_idle = max(0, raise_descriptors() - tools.settings.value("width") - _SPARE_DESCRIPTORS)
        links = WarmTransport(tools.open_transport(), clock=tools.clock, most_idle=most_idle)
        try:
            yield Session(asked, tools, links, runner)
        finally:
            runner.run(links.leave())


class Session:
    """What the prompt stands for: nodes, user, timeout, warm connections.

    Attributes:
        codes: the exit code of every round.
        over: somebody typed :quit.
    """

    def __init__(self, asked: ShellAsked, tools: Toolbox, links: WarmTransport, runner: asyncio.Runner) -> None:
        self._fan, self._sudo = asked.fan, asked.sudo
        # Warm connections live in one process.
        self._fan = replace(asked.fan, pace=replace(asked.fan.pace, workers=1))
        self._tools, self._links, self._runner = tools, links, runner
        self._timeout_s: float | None = tools.settings.value("timeout") or None
        self._nodes = choose_for("shell", asked.fan.chosen, tools.fleet, tools)
        self.codes: list[ExitCode] = []
        self.over = False

    def label(self) -> str:
        """Return what stands before the cursor."""
        folded = fold(self._nodes.names)
        where = folded if len(folded) <= _MOST_LABEL else counted(len(self._nodes.names))
        return f"{where}{f' as {self._sudo}' if self._sudo else ''}> "

    def where(self) -> str:
        """Return which nodes the next command is for, and who of those that were chosen is left out."""
        said = f"{counted(len(self._nodes.names))}: {fold(self._nodes.names)}"
        left = said_by_reason(by_reason(self._nodes.skipped))
        return f"{said}; left out: {left}" if left else said

    def take(self, line: str) -> None:
        """Do what a line says; what is wrong with it is told, and the shell goes on."""
        if not line or line.startswith("#"):
            return
        try:
            if line.startswith(":"):
                self._command(*line[1:].split(None, 1))
            else:
                self._round(line)
        except StoppedError:
            raise
        except AifctlError as problem:
            self.codes.append(problem.exit_code)
            self._tools.tell(problem)

    def _round(self, line: str) -> None:
        facts = {"line": line, "sudo": self._sudo, "timeout_s": self._timeout_s, "stdin": False}
        order = Order(
            deed=run_deed(facts, self._tools),
            nodes=self._nodes,
            fan=replace(self._fan, argv=(*self._fan.argv, "--", line)),
            selector=self._fan.chosen.selector,
        )
        sink = self._tools.sink()
        report = carry_out(
            order, self._tools, sink, open_transport=lambda: self._links, run_loop=self._runner.run, named=False
        )
        sink.close(report)
        self.codes.append(report.exit)

    def _command(self, word: str = "", rest: str = "") -> None:
        commands: dict[str, Callable[[str], Any]] = {
            "nodes": self._choose,
            "failed": lambda _: self._choose("@run:latest:failed"),
            "sudo": self._become,
            "timeout": self._set_timeout,
            "help": lambda _: self._tools.note(HELP),
            "quit": self._quit,
        }
        if word not in commands:
            raise UsageError(f"the shell has no command :{word}; there are :{', :'.join(commands)}")
        commands[word](rest.strip())

    def _choose(self, selector: str) -> None:
        if selector:
            # A selector of its own: --first and --exclude were about the first one.
            chosen = replace(self._fan.chosen, selector=selector, exclude=None, first=None, sample=None)
            nodes: Nodes = choose_for("shell", chosen, self._tools.fleet, self._tools)
            self._fan, self._nodes = replace(self._fan, chosen=chosen), nodes
        self._tools.note(self.where())

    def _become(self, user: str) -> None:
        self._sudo = None if user == "off" else user or "root"

    def _set_timeout(self, text: str) -> None:
        self._timeout_s = parse_duration_s(text) or None

    def _quit(self, _rest: str) -> None:
        self.over = True
