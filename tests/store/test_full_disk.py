"""A store on a disk that fills up, on a real file system of 2 MB in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_IN_NAMESPACE = 'mount -t tmpfs -o size=2m,mode=700 tmpfs "$2" && exec "$1" -m tests.store.full_disk "$2"'

needs_mount = pytest.mark.skipif(
    (os.geteuid() != 0 or shutil.which("unshare") is None) and os.environ.get("CI") != "true",
    reason="mounting a small file system needs root and unshare",
)


@needs_mount
def test_a_full_disk_is_said_and_takes_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    command = ["unshare", "--mount", "sh", "-c", _IN_NAMESPACE, "sh", sys.executable, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    assert told["errors"]
    assert all("is full" in error or "queued" in error for error in told["errors"]), told["errors"]
    assert set(told["acknowledged"]) <= set(told["known"])
    assert set(told["acknowledged"]) <= set(told["after"])
    assert len(told["after"]) == len(set(told["acknowledged"])) + told["queued"] + 1
    assert told["same"]
