"""Signals while a run goes on: the first asks it to end, the second to leave at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from aifctl.core.exit_codes import ExitCode
from aifctl.fanout.halt import Halt

_CODES = {signal.SIGINT: ExitCode.SIGINT, signal.SIGTERM: ExitCode.SIGTERM, signal.SIGHUP: ExitCode.SIGHUP}


@contextmanager
def obeyed(halt: Halt) -> Iterator[None]:
    """Hand signals to `halt` while inside, in a running loop; what is ignored (nohup, `&`) stays ignored."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in _CODES}
    heard = [number for number in _CODES if before[number] is not signal.SIG_IGN]
    for number in heard:
        loop.add_signal_handler(number, halt.request, _CODES[number])
    try:
        yield
    finally:
        for number in heard:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
