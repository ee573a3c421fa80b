"""runs resume: whose run it is says which room goes on with it, since no capability knows another."""

from __future__ import annotations

from aifctl.core.report import Report
from aifctl.dispatch.asked import Chosen, Fan
from aifctl.ops.again import AgainAsked, resume as resume_run
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox


def resume(asked: AgainAsked, tools: Toolbox, sink: Sink) -> Report:
    """Do the rest of a run, or look at the rest of a sweep."""
    from aifctl.health.sweep_again import ResumeAsked, is_sweep, resume_sweep

    if not is_sweep(asked.run, tools.state):
        return resume_run(asked, tools, sink)
    fan = Fan(chosen=Chosen(selector=None), argv=asked.argv)
    return resume_sweep(ResumeAsked(sweep=asked.run, fan=fan), tools, sink)
