"""A sharded run in a process of its own, to be killed: `python -m tests.fanout.sharded_run FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aifctl.fanout.conduct import conduct
from aifctl.fanout.exec_work import ExecWork
from aifctl.fanout.halt import Halt
from aifctl.fanout.plan import Pacing, RunPlan
from aifctl.ports.transport import Command
from tests.fakes.fleet import FakeFleet, Script, endpoints
from tests.fakes.run_parts import FakeJournal, FakeProgress
from tests.fakes.virtual_time import VirtualClock

COUNT = 6


class Telling(FakeJournal):
    """Says on stdout how many nodes have started."""

    def start(self, node: str) -> None:
        super().start(node)
        if len(self.records) == COUNT:
            sys.stdout.write("all have started\n")
            sys.stdout.flush()


def main(folder: Path) -> None:
    """Start commands that never end on COUNT nodes, over two worker processes."""
    plan = RunPlan(
        run_id="r1",
        verb="run",
        work=ExecWork(command=Command(line="sleep infinity", timeout_s=None)),
        endpoints=endpoints(COUNT),
        pacing=Pacing(workers=2),
    )
    hanging = FakeFleet(ordinary=Script(run_s=None, halt_log=str(folder / "halted")))
    asyncio.run(
        conduct(
            plan,
            open_transport=hanging,
            journal=Telling(),
            folder=folder,
            clock=VirtualClock(),
            progress=FakeProgress(),
            each=lambda _: None,
            halt=Halt(),
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
