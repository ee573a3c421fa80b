"""What happens in a section's own process: read, say what was read, and be gone."""

import os
import signal
import sys
import time

from .reply import Answer, answer
from .trouble import NotHere, Trouble

#: Past its limit by this much it ends itself, should the parent be gone that was to end it.
_GRACE_S = 5

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from .frame import Section


def run(section: "Section", root: str, arguments: "Dict[str, Any]", writing: int) -> None:
    """Do all of it, and end the process whatever happens."""
    code = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.alarm(int(section.most_s) + _GRACE_S)
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nothing, standard)
        text = _read(section, root, arguments, writing).text.encode("ascii")
        _write(writing, b"%d\n%s" % (len(text), text))
        code = 0
    finally:
        os._exit(code)


def _read(section: "Section", root: str, arguments: "Dict[str, Any]", writing: int) -> Answer:
    begun_s = time.monotonic()
    try:
        if section.silence_s:
            data = section.read(root, arguments, beat=lambda word="": _write(writing, word.encode("ascii") + b"\n"))
        else:
            data = section.read(root, arguments)
        if not isinstance(data, dict):
            return answer("error", "failed", "it returned %s" % type(data).__name__, time.monotonic() - begun_s)
        return answer("ok", "", "", time.monotonic() - begun_s, data)
    except NotHere as nothing:
        return answer("na", "", str(nothing), time.monotonic() - begun_s)
    except Trouble as trouble:
        return answer("error", trouble.code, trouble.message, time.monotonic() - begun_s)
    except BaseException as problem:  # noqa: BLE001 - whatever a section raises, this process has to say so
        message = "%s: %s (%s)" % (type(problem).__name__, problem, _place())
        return answer("error", "failed", message, time.monotonic() - begun_s)


def _place() -> str:
    """Return file and line where the exception at hand arose."""
    trace = sys.exc_info()[2]
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "nowhere"
    return "%s:%d" % (os.path.basename(trace.tb_frame.f_code.co_filename), trace.tb_lineno)


def _write(writing: int, data: bytes) -> None:
    while data:
        data = data[os.write(writing, data) :]
