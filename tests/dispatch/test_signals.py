"""Signals while a run goes on."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.dispatch.signals import obeyed
from aifctl.fanout.halt import Halt

CODES = {signal.SIGINT: ExitCode.SIGINT, signal.SIGTERM: ExitCode.SIGTERM, signal.SIGHUP: ExitCode.SIGHUP}


async def after(*numbers: signal.Signals) -> Halt:
    halt = Halt()
    with obeyed(halt):
        for number in numbers:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.001)
    return halt


@pytest.mark.parametrize("number", CODES)
def test_the_first_asks_to_end_with_its_own_code_and_the_second_to_leave_at_once(number: signal.Signals) -> None:
    one, two = asyncio.run(after(number)), asyncio.run(after(number, signal.SIGTERM))
    assert (one.asked, one.at_once) == (CODES[number], False)
    assert (two.asked, two.at_once) == (CODES[number], True)


def test_what_is_ignored_stays_ignored_and_what_was_set_is_set_again() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ours = signal.getsignal(signal.SIGINT)
    try:
        halt = asyncio.run(after(signal.SIGHUP))
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert halt.asked is None
    assert signal.getsignal(signal.SIGINT) is ours
