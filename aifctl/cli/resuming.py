"""runs resume and retry: whose run it is says which room goes on with it, since no capability knows another."""

from __future__ import annotations

from collections.abc import Mapping

from aifctl.core.report import Report
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.ops.again import AgainAsked, GoOn, resume as resume_run, retry as retry_run
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox


def resume(asked: AgainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Do the rest of a run, or look at the rest of a sweep."""
    from aifctl.health.sweep_again import ResumeAsked, is_sweep, resume_sweep

    if not is_sweep(asked.run, tools.state):
        return resume_run(asked, tools, sink, others=_of_health())
    fan = Fan(chosen=Chosen(selector=None), argv=asked.argv)
    return resume_sweep(ResumeAsked(sweep=asked.run, fan=fan), tools, sink)


def retry(asked: AgainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Do a run again on some of its nodes, or look at some of a sweep's again."""
    from aifctl.health.sweep import VERB
    from aifctl.health.sweep_again import retry_sweep

    return retry_run(asked, tools, sink, others={**_of_health(), VERB: retry_sweep})


def _of_health() -> Mapping[str, GoOn]:
    from aifctl.health.collecting import VERB, collect_again
    from aifctl.health.following_up import REBOOT, RESET, follow_up_again

    return {VERB: collect_again, REBOOT: follow_up_again, RESET: follow_up_again}
