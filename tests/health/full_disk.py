"""Runs in a process of its own on a file system of 400 KB: `python -m tests.health.full_disk FOLDER`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from aifctl.health.fleet_reading import read_fleet_health
from tests.health.swept_night import swept_night


def main(folder: Path) -> None:
    night = swept_night(folder, 48)
    report = night.sweep()
    (row,) = night.tools.store.sweeps()
    health = read_fleet_health(night.tools.store_reader, night.tools.fleet, night.names, now_s=night.night.clock.at_s)
    facts = {
        "exit": int(report.exit),
        "notes": report.notes,
        "answered": report.coverage.answered if report.coverage else None,
        "kept_exit": row.exit_code,
        "kept_answered": health.sweep.answered if health.sweep else None,
        "conditions": Counter(node.condition.value for node in health.nodes),
    }
    sys.stdout.write(json.dumps(facts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
