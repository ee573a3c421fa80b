"""A lab whose session is killed leaves nothing behind."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).resolve().parents[2]
_SESSION = """
import subprocess, sys
from tests.lab.namespace import open_namespace
namespace = open_namespace("killed")
inside = subprocess.Popen(namespace.enter("sleep", "1000", pid=True))
print(namespace.pid, *namespace.groups, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="lab tests need root: namespaces with real hosts in them")
def test_a_killed_session_takes_keeper_processes_and_control_groups_with_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SESSION], cwd=_CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        pid, *groups = session.stdout.readline().split()
        keeper = os.pidfd_open(int(pid))
        assert groups
        assert all(Path(group).is_dir() for group in groups)
        session.kill()
        ended, _, _ = select.select([keeper], [], [], 20)
        os.close(keeper)
    assert ended, "the keeper outlives its session"
    assert not [group for group in groups if Path(group).exists()]
