"""What arrives while a run goes on: handed to the report, and what of it must be said once more at the end."""

from __future__ import annotations

import signal

from aifctl.core.words import counted
from aifctl.fanout.run_nodes import is_same
from aifctl.fanout.runs import RunRecord
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ops.runs.showing import result_item
from aifctl.ports.sink import Sink
from aifctl.ports.work import NodeResult

_SIGNAL_CODE = 128


class Recorder:
    """Takes results as they arrive: to the sink, but for those that are as they were where only changes are wanted.

    Attributes:
        remote_code: the last exit code heard, which --remote-exit-code passes on for one node.
    """

    def __init__(self, sink: Sink, before: RunRecord | None) -> None:
        self._sink, self._before = sink, before
        self._same_count = 0
        self._left: list[str] = []
        self.remote_code: int | None = None

    def __call__(self, result: NodeResult) -> None:
        if result.rc is not None:
            self.remote_code = result.rc
        elif result.signal is not None:
            self.remote_code = _SIGNAL_CODE + getattr(signal.Signals, f"SIG{result.signal}", 0)
        if result.survivors != ():
            self._left.append(result.node)
        if self._before is not None and is_same(self._before, result):
            self._same_count += 1
        else:
            self._sink.item(result_item(result))

    def notes(self) -> tuple[str, ...]:
        """Return how many were held back, and where something of ours may not have ended."""
        notes = []
        if self._before is not None:
            notes.append(f"{counted(self._same_count)} as before, in run {self._before.run_id}")
        if self._left:
            notes.append(
                f"what was begun may still run on {counted(len(self._left))}: {fold_short(sorted(self._left))}"
            )
        return tuple(notes)
