"""node reboot, node reset-gpu: what a finding asks for once a node is out of service, and a look at it afterwards.

They are verbs over SSH like those of `ops`, and stand here because what they are for is the look that follows: without
evidence newer than the drain nobody may take the node back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aifctl.core.errors import AifctlError, RefusedError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.outcome import Outcome
from aifctl.core.process import this_process
from aifctl.core.report import Column, Field, FieldType, Head, Kind, Report
from aifctl.custody.claims import Claim, Release, found_held
from aifctl.dispatch.again import nodes_again
from aifctl.dispatch.asked import Fan
from aifctl.dispatch.carrying import Carried, carry, name_inventory, run_facts, run_notes
from aifctl.dispatch.consent import planned, show_plan
from aifctl.dispatch.deed import Deed, Order
from aifctl.dispatch.selection import Nodes, by_reason, choose_for, said_by_reason
from aifctl.dispatch.verdict import coverage_of, exit_of
from aifctl.fanout.plan import RunPlan
from aifctl.fanout.remote_command import build_command
from aifctl.fanout.runs import RunRecord
from aifctl.fleet.lifecycle import State
from aifctl.health.held import held, new_owner
from aifctl.health.last_line import last_line
from aifctl.health.looking_again import LookedAgain, look_again
from aifctl.health.node_moves import said
from aifctl.health.reboot_work import COMES_BACK_S, LOOK_EVERY_S, RebootWork
from aifctl.health.reset_work import ResetWork
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox
from aifctl.ports.work import NodeResult, Work

FOLLOW_UP = Kind(
    name="FollowUp",
    about="What became of a node that was rebooted, or the GPUs of which were reset.",
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="outcome", title="outcome", type=FieldType.STRING, about="ok, exit, timeout, connect-timeout, …"),
        Column(key="rc", title="rc", right=True, type=FieldType.INTEGER, about="exit status of what was run"),
        Column(
            key="duration_s", title="seconds", right=True, type=FieldType.NUMBER, about="until it was done, or back"
        ),
        Column(
            key="result", title="looks", type=FieldType.STRING, about="how the look afterwards found it: ok, fault, …"
        ),
        Column(key="message", title="message", type=FieldType.STRING, about="what it said, or why not"),
    ),
    fields=(
        Field(key="boot_id_before", type=FieldType.STRING, about="the boot it was in"),
        Field(key="boot_id", type=FieldType.STRING, about="the boot it is in now; of a reboot alone"),
        Field(key="started_at", type=FieldType.TIME, about="when the command was sent"),
        Field(key="attempts", type=FieldType.INTEGER, about="dials made"),
    ),
)

#: Looks at nodes and keeps what is found.
LookAgain = Callable[[Sequence[str], Toolbox], LookedAgain]

#: Whoever computes is not disturbed, even where no scheduler knows of them; a driver that hangs says nothing, and is why.
_IN_USE = (
    'p=$(timeout 20 nvidia-smi --query-compute-apps=pid --format=csv,noheader 2>/dev/null) && [ -n "$p" ] && '
    '{ echo "processes use its GPUs:" $p >&2; exit 75; }; '
)
_REBOOT_LINE = f"{_IN_USE}exec systemctl reboot"
#: All GPUs at once: on an HGX board they share NVSwitches, and one alone is not known to be safe to reset.
_RESET_LINE = f"{_IN_USE}exec nvidia-smi --gpu-reset"
REBOOT, RESET = "reboot", "reset-gpu"
_STEPS = {
    REBOOT: "systemctl reboot, unless processes use its GPUs; wait until it is back; look at it",
    RESET: "nvidia-smi --gpu-reset (all GPUs of the node), unless processes use them; look at it",
}
_REBOOT_TIMEOUT_S = 60.0
_RESET_TIMEOUT_S = 300.0

_IN_SERVICE = frozenset({State.READY, State.SUSPECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpAsked:
    """Whom to reboot or reset.

    Attributes:
        sudo: as whom; None as the login user, who is root then.
        back_s: how long a node may be away while it reboots; it is looked for every `look_every_s`.
        owner: as whom the nodes are held, where an earlier run has begun it.
    """

    fan: Fan
    sudo: str | None = "root"
    back_s: float = COMES_BACK_S
    look_every_s: float = LOOK_EVERY_S
    owner: str = ""


def reboot(asked: FollowUpAsked, tools: Toolbox, sink: Sink, *, look_again: LookAgain = look_again) -> Report:
    """Reboot drained nodes, wait for each to come back under another boot id, and look at it again."""
    return _choose_and_follow_up(REBOOT, asked, tools, sink, look_again)


def reset_gpu(asked: FollowUpAsked, tools: Toolbox, sink: Sink, *, look_again: LookAgain = look_again) -> Report:
    """Reset all GPUs of drained nodes, and look at them again."""
    return _choose_and_follow_up(RESET, asked, tools, sink, look_again)


def follow_up_again(
    record: RunRecord,
    names: tuple[str, ...],
    fan: Fan,
    tools: Toolbox,
    sink: Sink,
    *,
    look_again: LookAgain = look_again,
) -> Report:
    """Do what an earlier run was for on some of its nodes, as whoever held them for it."""
    verb, facts = record.summary.verb, record.head["work"]
    asked = FollowUpAsked(fan=fan, owner=record.head.get("owner", ""), **facts)
    nodes = nodes_again(record, names, tools)
    return _follow_up(_deed(verb, asked, tools), nodes, fan, tools, sink, look_again)


def _choose_and_follow_up(verb: str, asked: FollowUpAsked, tools: Toolbox, sink: Sink, look_again: LookAgain) -> Report:
    nodes = choose_for(verb, asked.fan.chosen, tools.fleet, tools)
    return _follow_up(_deed(verb, asked, tools), nodes, asked.fan, tools, sink, look_again)


def _deed(verb: str, asked: FollowUpAsked, tools: Toolbox) -> Deed:
    owner = asked.owner or new_owner(verb, tools)
    password = tools.secret("sudo_password") if asked.sudo else None

    def work(run: str) -> Work:
        claim = Claim(owner=owner, run=run, host=this_process().control_host)
        if verb == RESET:
            line = claim.holding(_RESET_LINE)
            return ResetWork(
                command=build_command(line, sudo=asked.sudo, password=password, timeout_s=_RESET_TIMEOUT_S)
            )
        line = claim.holding(_REBOOT_LINE, release=Release.AWAY, for_s=asked.back_s)
        return RebootWork(
            command=build_command(line, sudo=asked.sudo, password=password, timeout_s=_REBOOT_TIMEOUT_S),
            open_transport=tools.open_transport,
            back_s=asked.back_s,
            look_every_s=asked.look_every_s,
        )

    facts = {
        "sudo": asked.sudo,
        **({"back_s": asked.back_s, "look_every_s": asked.look_every_s} if verb == REBOOT else {}),
    }
    return Deed(verb=verb, facts=facts, work=work, steps=(_STEPS[verb],), guarded=True, owner=owner)


def _follow_up(deed: Deed, chosen: Nodes, fan: Fan, tools: Toolbox, sink: Sink, look_again: LookAgain) -> Report:
    nodes = _out_of_service(deed.verb, chosen, fan, tools)
    order = Order(deed=deed, nodes=nodes, fan=fan, selector=fan.chosen.selector)
    name_inventory(deed, tools)
    if not nodes.names:
        sink.open(Head(kind=FOLLOW_UP, facts={"verb": deed.verb}))
        return Report(notes=("nothing is selected, so nothing was done",), summary={"counts": {}})
    if fan.consent.dry_run:
        return show_plan(planned(order), tools, sink, guarded=True)
    results: list[NodeResult] = []

    def begun(plan: RunPlan) -> None:
        sink.open(Head(kind=FOLLOW_UP, facts=run_facts(plan, order)))

    with held(nodes.names, deed.verb, tools, owner=deed.owner) as lease:
        carried = carry(order, tools, results.append, begun=begun, run_loop=lease.run, halt=lease.halt)
        done = [result.node for result in results if result.outcome is Outcome.OK]
        found, trouble = _look(done, tools, look_again)
    for result in results:
        sink.item(_item(result, found))
    if done and deed.verb == RESET:
        trouble.append("a reset is no boot: where a check has asked for one, undrain wants a reboot, or your --reason")
    return _report(carried, fan, results, found, [*trouble, *([lease.lost] if lease.lost else [])])


def _out_of_service(verb: str, nodes: Nodes, fan: Fan, tools: Toolbox) -> Nodes:
    """Return the nodes less those in service where they may be skipped; RefusedError where they may not."""
    state_of = tools.fleet.attribute("state")
    inside = [name for name in nodes.names if State(state_of(name) or State.READY) in _IN_SERVICE]
    if not inside:
        return nodes
    told = tuple((name, f"{state_of(name) or State.READY.value}, in service") for name in inside)
    left = tuple(name for name in nodes.names if name not in set(inside))
    if fan.chosen.skip_busy and left:
        return replace(nodes, names=left, skipped=(*nodes.skipped, *told))
    raise RefusedError(
        f"{verb} refuses {said_by_reason(by_reason(told))}: drain first (`aifctl node drain`), or leave them out with "
        "--exclude or --skip-busy"
    )


def _look(names: Sequence[str], tools: Toolbox, look_again: LookAgain) -> tuple[Mapping[str, str], list[str]]:
    """Look at what was done; where that fails, what was done is reported all the same."""
    if not names:
        return {}, []
    try:
        found = look_again(names, tools)
    except AifctlError as problem:
        return {}, [f"{said(names)} could not be looked at since ({problem}): undrain wants a sweep of them first"]
    unseen = [name for name in names if name not in found.results]
    missing = [f"{said(unseen)} could not be looked at since: undrain wants a sweep of them first"] if unseen else []
    return found.results, [*found.notes, *missing]


def _item(result: NodeResult, found: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "node": result.node,
        "outcome": result.outcome.value,
        "rc": result.rc,
        "duration_s": result.duration_s or None,
        "result": found.get(result.node),
        "message": result.message or _last_words(result) or None,
        "boot_id_before": result.detail.get("boot_id_before"),
        "boot_id": result.detail.get("boot_id") or None,
        "started_at": result.started_at or None,
        "attempts": result.attempts,
    }


def _last_words(result: NodeResult) -> str:
    """Return the last line that the node said: nvidia-smi tells there what it has reset, or why not."""
    return last_line(result.stderr.inline or b"") or last_line(result.stdout.inline or b"")


def _report(
    carried: Carried, fan: Fan, results: Sequence[NodeResult], found: Mapping[str, str], remarks: Sequence[str]
) -> Report:
    tally = carried.tally
    coverage = coverage_of(tally.counts, not_reached=len(tally.not_reached), skipped=0)
    code = exit_of(tally.counts, coverage, stopped=tally.stopped, min_coverage=fan.pace.min_coverage)
    busy = found_held(results)
    if busy and not (fan.chosen.skip_busy and found):
        code = first_that_applies(code, ExitCode.BUSY)
    sick = [name for name, result in found.items() if result not in {"ok", "watch"}]
    notes = [*run_notes(carried), *([f"{said(busy)} held by another run, and left alone"] if busy else []), *remarks]
    if sick:
        notes.append(f"{said(sick)} not well afterwards: `aifctl node why NODE`")
        code = first_that_applies(code, ExitCode.FINDINGS)
    return Report(
        exit=code,
        coverage=coverage,
        notes=tuple(notes),
        summary={
            "run": carried.plan.run_id,
            "counts": {outcome.value: count for outcome, count in tally.counts.items()},
        },
        complete=coverage.answered == coverage.asked,
    )
