"""One process of a simulated fleet: `python -m aifctl.sim.worker FOLDER NUMBER FIRST LAST [--tied]`.

Says one JSON line on stdout when it listens or cannot. It ends on SIGTERM, when its folder goes and, tied, when its
stdin ends: whoever started it holds the other end, so that not even kill -9 of the starter leaves it behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import os
import resource
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from aifctl.core.process import this_process
from aifctl.sim.control import serve_control
from aifctl.sim.files import FleetFiles
from aifctl.sim.fleet import SimFleet
from aifctl.sim.probing.template import template
from aifctl.sim.spec import FleetSpec

#: Descriptors beside listeners: connections under way, and this process's own.
_SPARE_FILES = 256
_FOLDER_CHECK_S = 10.0


def main(argv: list[str]) -> int:
    """Serve until told to stop; returns the exit status."""
    folder, number, first, last = Path(argv[0]), int(argv[1]), int(argv[2]), int(argv[3])
    # What starts a fleet at a terminal must be able to end it in order: Ctrl-C there is not for the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _raise_file_limit(last - first)
    # 6,250 machines are made once and live as long as the process; scanning them at each collection cost 8 % of CPU.
    gc.set_threshold(20_000, 20, 50)
    template()  # it writes and reads files, which a fleet that serves does no more
    return asyncio.run(_serve(folder, number, range(first, last), tied="--tied" in argv[4:]))


async def _serve(folder: Path, number: int, members: range, *, tied: bool) -> int:
    files = FleetFiles(folder)
    facts = json.loads((folder / "spec.json").read_text())
    spec = replace(FleetSpec.from_json(facts["spec"]), port=int(facts["port"]))
    fleet = SimFleet(spec, secret=files.secret.read_bytes(), members=members)
    try:
        await fleet.start()
    except OSError as problem:
        _say({"ready": False, "taken": problem.errno == errno.EADDRINUSE, "problem": str(problem)})
        return 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    if tied:
        loop.add_reader(sys.stdin.fileno(), _end_with_starter, stop)
    async with serve_control(folder, number, fleet):
        gc.collect()
        gc.freeze()
        _say({"ready": True, "process": this_process().facts()})
        watch = asyncio.create_task(_watch_folder(folder, stop))
        await stop.wait()
        watch.cancel()
        await fleet.stop()
    return 0


def _end_with_starter(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


async def _watch_folder(folder: Path, stop: asyncio.Event) -> None:
    """End when the folder has gone: nobody could find, or end, what is left."""
    while os.access(folder, os.X_OK):  # noqa: ASYNC110  nobody tells us; inotify would be one more thing to go wrong
        await asyncio.sleep(_FOLDER_CHECK_S)
    stop.set()


def _raise_file_limit(nodes_count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if limit < nodes_count + _SPARE_FILES:
        _say({"ready": False, "taken": False, "problem": f"{nodes_count} nodes need {nodes_count + _SPARE_FILES} open "
              f"files in one process, and the limit is {limit}: raise it (ulimit -Hn) or use more workers"})  # fmt: skip
        raise SystemExit(1)


def _say(facts: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
