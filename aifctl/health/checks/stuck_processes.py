"""Are there processes that wait in the kernel for ever, or that nobody has buried?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aifctl.core.words import counted
from aifctl.diagnosis.absent import Absent, CannotTellError, NeutralError, known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host, StuckProcess
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host
from aifctl.fleet.profile import Expectation

_LONGEST, _WORDS = "process.stuck_s", "process.reboot_words"
_SHOWN = 8


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    if node.stuck is Absent.DENIED:
        raise NeutralError("processes")
    found = told(node.stuck, "processes")
    if not found:
        return
    longest, words = case.expect(_LONGEST), case.expect(_WORDS)
    old = [one for one in found if known(one.age_s, 0.0) > longest.value]
    waiting = [one for one in old if one.state == "D"]
    fatal = [one for one in waiting if _is_of(one, words.value)]
    if fatal:
        said = f"{_shown(fatal)} and can't be killed; only a boot ends that"
        yield _finding("driver", said, Result.FAULT, Action.REBOOT, fatal, longest)
    others = [one for one in waiting if one not in fatal]
    if others:
        yield _finding("waiting", _shown(others), Result.WATCH, Action.WATCH, others, longest)
    dead = [one for one in old if one.state == "Z"]
    if dead:
        said = f"{counted(len(dead), 'process')} ended, and no parent has asked for it: {_names(dead)}"
        yield _finding("zombies", said, Result.WATCH, Action.WATCH, dead, longest)
    if any(isinstance(one.age_s, Absent) and one.state == "D" and _is_of(one, words.value) for one in found):
        raise CannotTellError("how long processes have been waiting", "this kernel does not tell")


def _is_of(one: StuckProcess, words: Sequence[str]) -> bool:
    """Whether it waits for the driver or a server. Threads of the kernel's own (in brackets) wait so by design, some of them."""
    text = f"{one.name} {one.wait}".lower()
    return not one.name.startswith("[") and any(re.search(rf"(?<![a-z]){re.escape(word)}", text) for word in words)


def _shown(those: Sequence[StuckProcess]) -> str:
    longest_s = max(known(one.age_s, 0.0) for one in those)
    return f"{counted(len(those), 'process')} waiting in the kernel, for up to {longest_s:.0f} s ({_names(those)})"


def _names(those: Sequence[StuckProcess]) -> str:
    told_of = [
        f"{one.name} {one.pid}{f' in {one.wait}' if one.wait not in ('', '0') else ''}" for one in those[:_SHOWN]
    ]
    return ", ".join(told_of) + (", ..." if len(those) > _SHOWN else "")


def _finding(
    code: str, said: str, result: Result, action: Action, those: Sequence[StuckProcess], longest: Expectation
) -> Finding:
    return node_finding(
        "stuck-processes", code, said, result=result, action=action, observed=len(those), expected=longest,
        facts={"pids": [one.pid for one in those[:_SHOWN]]},
    )  # fmt: skip


CHECK = Check(
    name="stuck-processes",
    about="No process has been waiting in the kernel, or for its parent, for long.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    needs=(
        Threshold(key=_LONGEST, type=float, low=10, high=86400, about="seconds that a process may wait"),
        Threshold(key=_WORDS, type=list, about="how names, or kernel functions, begin of those that only a boot ends"),
    ),
    detail="How long one waits is since it last ran (/proc/PID/sched), not since it began: any old process that is just "
    "waiting for its disk would look stuck. Who is not root does not see in which function another's process waits; its "
    "name counts all the same. Where other users' processes are hidden from it (hidepid) there is nothing to judge.",
    moving=True,
)
