"""A worker process by itself; what it does for its parent is tried in test_shards."""

from __future__ import annotations

import socket
import subprocess
import sys


def test_a_worker_imports_nothing_that_its_work_does_not_need() -> None:
    code = "import sys, aifctl.fanout.shard_loop; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    heavy = {"asyncssh", "typer", "rich", "yaml", "ClusterShell", "multiprocessing", "aifctl.fanout.journal"}
    assert heavy.isdisjoint(loaded)


def test_importing_the_entry_starts_nothing() -> None:
    ran = subprocess.run([sys.executable, "-c", "import aifctl.fanout.shard_worker"], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


def test_a_worker_whose_parent_has_gone_before_it_said_a_word_ends_in_silence() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "aifctl.fanout.shard_worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            capture_output=True,
            check=False,
        )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
