"""A sweep whose looks no longer fit on the disk, on a real file system of 400 KB in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_IN_NAMESPACE = 'mount -t tmpfs -o size=400k,mode=700 tmpfs "$2" && exec "$1" -m tests.health.full_disk "$2"'

needs_mount = pytest.mark.skipif(
    (os.geteuid() != 0 or shutil.which("unshare") is None) and os.environ.get("CI") != "true",
    reason="mounting a small file system needs root and unshare",
)


@needs_mount
def test_a_sweep_that_the_disk_did_not_take_is_not_said_to_have_judged_anybody_later(tmp_path: Path) -> None:
    command = ["unshare", "--mount", "sh", "-c", _IN_NAMESPACE, "sh", sys.executable, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert told["exit"] == told["kept_exit"] == 6
    assert any("is full" in note for note in told["notes"])
    assert told["answered"] == 48  # all of them told something, and were shown
    assert told["conditions"] == {"unseen": 48}
    assert told["kept_answered"] == 0
