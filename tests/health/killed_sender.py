"""Sends what is due from the outbox of a state directory, and is killed the moment the receiver has the first of it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from aifctl.dispatch.posting import Letter, _send
from aifctl.health.notifying import send_due
from tests.fakes.toolbox import toolbox


def send(url: str, letter: Letter) -> None:
    _send(url, letter)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    tools = toolbox(Path(sys.argv[1]))
    tools.settings = tools.settings.with_flags({"notify": sys.argv[2]})
    send_due(tools.box, send=send)
