"""One process of a simulated fleet that can't begin; those that can are tried in test_processes."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path


def test_a_worker_without_descriptors_for_its_nodes_says_what_to_raise(tmp_path: Path) -> None:
    worker = shlex.join([sys.executable, "-m", "aifctl.sim.worker", str(tmp_path), "0", "0", "500"])
    ran = subprocess.run(["sh", "-c", f"ulimit -n 200; exec {worker}"], capture_output=True, check=False)
    said = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert (said["ready"], said["taken"]) == (False, False)
    assert said["problem"].startswith("500 nodes need 756 open files in one process, and the limit is 200: raise it")
