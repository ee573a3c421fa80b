"""aifctl __complete KIND WORD [the line's other words]: what a completion script can't know by itself.

It answers before Typer is imported, from the inventory's cache. Each line is WORD, TAB, what it is, and where more must
follow (no space then) TAB and +. What goes wrong offers nothing: nobody wants an error message in the line being typed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from aifctl.cli.candidates import Candidate
from aifctl.core.errors import AifctlError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.printable import printable_line

#: Options that say which fleet and which runs are meant; whatever else stands on the line is of no matter.
_SAYS_WHERE = {"--inventory": "inventory", "--state-dir": "state_dir", "--state": "state", "--hostfile": "hostfile"}

_MOST_RUNS = 50

_Offer = Callable[[str, Mapping[str, str]], Sequence[Candidate]]


def complete(argv: Sequence[str]) -> int:
    """Print the candidates, one a line; always 0."""
    kind, word, *line = [*argv, "", ""] if len(argv) < 2 else argv  # noqa: PLR2004  KIND and WORD
    offer = _KINDS.get(kind)
    if offer is None:
        return ExitCode.OK
    try:
        lines = "".join(f"{_line(each)}\n" for each in _as_far_as_clear(offer, word, _flags(line)))
        sys.stdout.buffer.write(lines.encode("utf-8", "surrogateescape"))
        sys.stdout.flush()
    except (AifctlError, OSError, UnicodeError):
        return ExitCode.OK
    return ExitCode.OK


def _as_far_as_clear(offer: _Offer, word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    """Return the candidates; where there is one, and it is only a beginning, those of that beginning.

    `@ra` so becomes `@rack:r0` with one press of the key. In quotes it must: bash closes them behind a lone candidate.
    """
    found = offer(word, flags)
    while len(found) == 1 and found[0].goes_on and found[0].word != word:
        word = found[0].word
        found = offer(word, flags) or found
    return found


def _selectors(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    from aifctl import wiring
    from aifctl.cli.complete_selector import Sources, complete_selector

    tools = wiring.quiet_tools(flags)
    return complete_selector(word, Sources(fleet=lambda: tools.known_fleet, runs=lambda: _latest_runs("", flags)))


def _nodes(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    from aifctl import wiring
    from aifctl.cli.complete_selector import complete_node

    return complete_node(word, wiring.quiet_tools(flags).known_fleet)


def _attributes(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    from aifctl import wiring
    from aifctl.cli.complete_selector import complete_attribute

    return complete_attribute(word, wiring.quiet_tools(flags).known_fleet)


def _outcomes(word: str, _: Mapping[str, str]) -> Sequence[Candidate]:
    """Return lists of outcomes: the last is completed, those before it are kept and not offered again."""
    from aifctl.core.outcome import Outcome

    before, comma, last = word.rpartition(",")
    left = [outcome.value for outcome in Outcome if outcome.value not in before.split(",")]
    return [Candidate(word=f"{before}{comma}{name}") for name in left if name.startswith(last)]


def _latest_runs(word: str, flags: Mapping[str, str]) -> list[Candidate]:
    from aifctl import wiring
    from aifctl.fanout.run_ids import run_ids
    from aifctl.fanout.run_summary import read_summary

    state = wiring.quiet_tools(flags).state
    ids = run_ids(state)[::-1]
    found = []
    for run_id in [run_id for run_id in ids if run_id.startswith(word)][:_MOST_RUNS]:
        summary = read_summary(state, run_id)
        about = f"{summary.verb}, {summary.nodes_count} nodes, {summary.state}" if summary else ""
        found.append(Candidate(word=run_id, about=about))
    if ids and "latest".startswith(word):
        found.append(Candidate(word="latest", about=ids[0]))
    return found


def _checks(word: str, _: Mapping[str, str]) -> Sequence[Candidate]:
    """Return the checks that come with aifctl; importing a site's own takes longer than anybody waits for a key."""
    from aifctl.wiring.expecting import check_names

    return [Candidate(word=name) for name in check_names() if name.startswith(word)]


def _incidents(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    from aifctl import wiring

    reader = wiring.quiet_tools(flags).store_reader
    rows = reader.incidents() if reader else []
    said = [(str(row.id), f"{row.result} {row.check}, {row.scope} {row.scope_value}") for row in rows]
    return [Candidate(word=number, about=about) for number, about in said if number.startswith(word)]


def _locks(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    """Return the locks that have been taken before; behind a colon, what to do where somebody else holds it."""
    from aifctl import wiring
    from aifctl.custody.lock import LOCKS

    name, colon, _ = word.partition(":")
    if colon:
        manners = (Candidate(word=f"{name}:skip"), Candidate(word=f"{name}:wait=", goes_on=True))
        return [manner for manner in manners if manner.word.startswith(word)]
    names = sorted(path.stem for path in (wiring.quiet_tools(flags).state.path / LOCKS).glob("*.lock"))
    return [Candidate(word=name) for name in names if name.startswith(word)]


def _jumps(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    """Return the jump hosts of the settings and of the inventory."""
    from aifctl import wiring

    tools = wiring.quiet_tools(flags)
    fleet = tools.known_fleet
    chains = dict.fromkeys(tools.settings.value("jump").split())
    chains |= dict.fromkeys(chain for (jump,) in fleet.cells(("jump",), fleet.names) for chain in jump or ())
    return [Candidate(word=chain) for chain in chains if chain.startswith(word)]


def _simulated_fleets(word: str, flags: Mapping[str, str]) -> Sequence[Candidate]:
    from aifctl import wiring

    folder = wiring.quiet_tools(flags).state.path / "sim"
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    return [Candidate(word=name) for name in names if name.startswith(word)]


def _flags(line: Sequence[str]) -> dict[str, str]:
    """Return what the line says of inventory and state directory, up to its `--`."""
    flags: dict[str, str] = {}
    mine = list(line[: line.index("--")] if "--" in line else line)
    for word, following in zip(mine, [*mine, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        text = value if equals else following
        if name in _SAYS_WHERE and text:
            flags[_SAYS_WHERE[name]] = os.path.expandvars(text)  # the shell has not done so yet
    return flags


def _line(candidate: Candidate) -> str:
    more = "\t+" if candidate.goes_on else ""
    return f"{candidate.word}\t{printable_line(candidate.about)}{more}"


_KINDS: Mapping[str, _Offer] = {
    "selector": _selectors,
    "node": _nodes,
    "run": _latest_runs,
    "outcomes": _outcomes,
    "attribute": _attributes,
    "check": _checks,
    "incident": _incidents,
    "fleet": _simulated_fleets,
    "lock": _locks,
    "jump": _jumps,
}
