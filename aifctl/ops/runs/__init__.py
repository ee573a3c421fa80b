"""runs list, show, diff, stop, prune; and what retry and resume have left to do."""

from __future__ import annotations

from aifctl.ops.runs.continuing import Continuation, Dispatch, plan_resume, plan_retry, resume_run, retry_run
from aifctl.ops.runs.differing import DiffAsked, diff_runs
from aifctl.ops.runs.listing import list_runs
from aifctl.ops.runs.pruning import prune_runs
from aifctl.ops.runs.showing import ShowAsked, show_run
from aifctl.ops.runs.stopping import stop_run

__all__ = [
    "Continuation",
    "DiffAsked",
    "Dispatch",
    "ShowAsked",
    "diff_runs",
    "list_runs",
    "plan_resume",
    "plan_retry",
    "prune_runs",
    "resume_run",
    "retry_run",
    "show_run",
    "stop_run",
]
