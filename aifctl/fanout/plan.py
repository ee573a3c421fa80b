"""What a fan-out is asked to do, and what it has to say at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.work import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How fast, for how long, and when to stop early.

    Attributes:
        width: most nodes connected at once; nodes that take longer than a second to dial don't count until they answer.
        dial_width: most dials under way at once; closed banners and resets lower it for a while.
        workers: processes; 0 lets the fan-out choose (one under 500 nodes).
        retries: further dials of a node on which nothing has started.
        wave: nodes per wave, each wave waiting for the one before; 0 means no waves.
        wave_scope: node name → scope value where waves go by rack, su or leaf; empty otherwise.
        deadline_s: for the whole run; None for none.
        stragglers: (share of nodes with an outcome, seconds more that the rest gets); None waits for all.
        max_failed: never more than this less the failed are in flight, so no more can fail; 0 goes one by one up to
            the first failure; None for no budget.
    """

    width: int = 256
    dial_width: int = 128
    workers: int = 0
    retries: int = 0
    wave: int = 0
    wave_scope: Mapping[str, str] = field(default_factory=dict)
    deadline_s: float | None = None
    stragglers: tuple[float, float] | None = None
    max_failed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What is kept of the nodes' output.

    Attributes:
        cap_bytes: per node and stream; beyond it is counted and hashed, and the result says truncated.
        outdir: where every byte goes as NODE.out and NODE.err, however many; None for nowhere.
        inline_bytes: streams up to this size stay in memory, larger ones in files below the run's folder.
        journalled: False where whoever takes the results keeps what nodes printed (a sweep's store): the journal then says
            of each node that it was asked and how that ended, and no more.
    """

    cap_bytes: int = 1 << 20
    outdir: str | None = None
    inline_bytes: int = 4096
    journalled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """One run: which nodes, what on each, how paced.

    Attributes:
        verb: run, script, push, pull, …
        endpoints: in order of dispatch.
        head: JSON-able facts for the journal's head: argv, selector, inventory, who, where from, resumed_from.
            Whatever `runs resume` needs to build the same work again must be in it; secrets must not.
        changing: each start is made durable before it is sent.
    """

    run_id: str
    verb: str
    work: Work
    endpoints: tuple[Endpoint, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    head: Mapping[str, Any] = field(default_factory=dict)
    pacing: Pacing = field(default_factory=Pacing)
    keeping: Keeping = field(default_factory=Keeping)
    changing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a run ended.

    Attributes:
        counts: nodes per outcome.
        stopped: OK where all nodes were dealt with; else why it stopped early: DEADLINE, SIGINT, SIGTERM, SIGHUP,
            or REFUSED where its failure budget ran out, SETUP where the disk was full, BUG where more than 1 % of the
            nodes of a changing run met a bug of ours.
        not_reached: names that were never dialled because it stopped early.
        reason: one sentence for the operator where it stopped early.
    """

    counts: Mapping[Outcome, int]
    stopped: ExitCode = ExitCode.OK
    not_reached: tuple[str, ...] = ()
    reason: str = ""
