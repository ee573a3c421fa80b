"""`python3 probe.zip ARGUMENTS_JSON`: one line of JSON on stdout, whatever happens."""

import gc
import json
import os
import sys
import time

from .fitting import make_line
from .frame import Section, run_sections
from .reply import answer, describe, first_line
from .stuck import Stuck, default_folder

#: Every section, in the order in which they are started: first what takes longest.
NAMES = ("gpu", "mounts", "units", "kernel", "pci", "port", "host", "clock", "disks")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List


def main(argv: "List[str]", probe: str = "") -> int:
    """Look, and say it.

    Args:
        argv: the arguments, one JSON object.
        probe: the zipapp's SHA-256.
    """
    begun_s = time.monotonic()
    try:
        arguments = json.loads(argv[0]) if argv else {}
    except ValueError as problem:
        arguments = problem
    if not isinstance(arguments, dict):
        sys.stderr.write("the probe's argument is no JSON object: %s\n" % arguments)
        return 2
    gc.disable()  # it would look, in every child again, for circles that nobody makes here
    root = str(arguments.get("root", "/"))
    line = look(root, arguments, probe, begun_s)
    while line:
        line = line[os.write(1, line) :]
    return 0


def look(root: str, arguments: "Dict[str, Any]", probe: str, begun_s: float) -> bytes:
    """Run every section and return the reply's line."""
    answers = {}
    sections = []
    for name in NAMES:
        try:
            sections.append(load(name))
        except Exception as problem:  # noqa: BLE001 - a section that can't be loaded is one section
            answers[name] = answer("error", "failed", "%s: %s" % (type(problem).__name__, problem))
    stuck = Stuck(default_folder(), first_line("/", "proc/sys/kernel/random/boot_id"))
    answers.update(run_sections(sections, root, arguments, stuck))
    return make_line(answers, describe(root, probe, begun_s, stuck.pids()))


def load(name: str) -> Section:
    """Import one section and its limits."""
    module = __import__("%s.sections.%s" % (__package__, name), fromlist=["read"])
    silence_s = getattr(module, "SILENCE_S", 0.0)
    return Section(name, module.read, module.LIMIT_S, silence_s, getattr(module, "SLOW_LIMIT_S", 0.0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
