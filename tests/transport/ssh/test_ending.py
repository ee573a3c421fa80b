"""What a command has started is gone when it has been ended, however it tried to stay."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from aifctl.core.outcome import Outcome
from aifctl.ports.transport import Command, Ended
from aifctl.transport.ssh.adapter import SshTransport
from aifctl.transport.ssh.ending import ending_script, sudo_line, survivors_in
from tests.sshd import Sshd, needs_sshd, running_sshd
from tests.transport.ssh.links import with_transport

pytestmark = [needs_sshd, pytest.mark.ssh]


def alive(file: Path) -> list[int]:
    """Return which of the processes that wrote their ids into `file` still run."""
    return [pid for pid in map(int, file.read_text().split()) if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ended_after(
    sshd: Sshd, line: str, *, grace_s: float = 1.0, end_as: str | None = None, timeout_s: float = 0.6
) -> Ended:
    """Run a command that does not end, let it run past its timeout, and return how it ended."""

    async def body(transport: SshTransport) -> Ended:
        link = await transport.dial(sshd.endpoint)
        try:
            command = Command(line=line, timeout_s=timeout_s, grace_s=grace_s, end_as=end_as)
            return await link.execute(command, stdout=lambda _: None, stderr=lambda _: None)
        finally:
            await link.close()

    ended: Ended = with_transport(sshd.settings(), body)
    return ended


TREES = {
    "children": "sleep 600 & echo $! >>$F; sleep 600 & echo $! >>$F; echo $$ >>$F; wait",
    "nohup": "nohup sleep 600 >/dev/null 2>&1 & echo $! >>$F; wait",
    "a session of its own": "setsid sleep 600 & echo $! >>$F; wait",
    "deaf to TERM": "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >>$F; while :; do sleep 1; done' & echo $$ >>$F; wait; wait",
    "a pipe": "sleep 600 | sh -c 'echo $$ >>$F; exec cat' | sh -c 'echo $$ >>$F; exec sleep 600'",
    "stopped": "sleep 600 & kill -STOP $!; echo $! >>$F; wait",
    "grandchildren in sessions of their own": (
        "setsid sh -c 'echo $$ >>$F; setsid sh -c \"echo \\$\\$ >>$F; sleep 600\" & wait' & wait"
    ),
    "a name with spaces and parentheses": "cp $(command -v sleep) $F.d/'a) (b c'; $F.d/'a) (b c' 600 & echo $! >>$F; wait",
}


@pytest.mark.parametrize("tree", TREES)
def test_the_whole_tree_is_gone_and_no_survivor_is_reported(sshd: Sshd, tmp_path: Path, tree: str) -> None:
    pids = tmp_path / "pids"
    Path(f"{pids}.d").mkdir()
    ended = ended_after(sshd, f"export F={pids}; {TREES[tree]}")
    assert ended.halted is Outcome.TIMEOUT
    assert ended.survivors == ()
    assert pids.read_text().split() != []
    assert alive(pids) == []


def test_a_process_started_by_an_earlier_command_on_the_link_is_left_alone(sshd: Sshd, tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def body(transport: SshTransport) -> Ended:
        link = await transport.dial(sshd.endpoint)
        quiet = "</dev/null >/dev/null 2>&1"
        daemon = Command(line=f"setsid sleep 600 {quiet} & echo $! >{pids}")
        await link.execute(daemon, stdout=lambda _: None, stderr=lambda _: None)
        slow = Command(line="sleep 600", timeout_s=0.5, grace_s=0.5)
        ended = await link.execute(slow, stdout=lambda _: None, stderr=lambda _: None)
        await link.close()
        return ended

    ended: Ended = with_transport(sshd.settings(), body)
    try:
        assert ended.survivors == ()
        assert len(alive(pids)) == 1
    finally:
        for pid in alive(pids):
            os.kill(pid, 9)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("sudo"), reason="root and sudo are needed to become others")
def test_processes_of_another_user_are_ended_as_that_user(sshd: Sshd, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    user = pwd.getpwnam("nobody").pw_name
    line = f"sudo -n -u {user} sh -c 'sleep 600 & echo $! $$; wait' >{pids}; echo after"
    ended = ended_after(sshd, line, end_as=user)
    assert ended.survivors == ()
    assert pids.read_text().split() != []
    assert alive(pids) == []


def test_where_no_second_session_is_to_be_had_survivors_are_unknown(tmp_path: Path) -> None:
    with running_sshd(tmp_path, more="MaxSessions 1") as sshd:
        ended = ended_after(sshd, "sleep 600", grace_s=0.2)
    assert ended.halted is Outcome.TIMEOUT
    assert ended.survivors is None


def test_where_sudo_is_refused_the_login_user_ends_what_it_can(sshd: Sshd) -> None:
    assert ended_after(sshd, "sleep 600", end_as="no-such-user-here", grace_s=0.2).survivors == ()


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_the_script_is_plain_posix_shell(shell: str) -> None:
    path = shutil.which(shell)
    if not path:
        pytest.skip(f"no {shell} here")
    script = ending_script(nonce="n1", age_s=1.0, grace_s=0.0)
    words = [path, "sh", "-n"] if shell == "busybox" else [path, "-n"]
    assert subprocess.run(words, input=script, check=False, capture_output=True).stderr == b""


def test_the_script_under_no_sshd_says_nothing_and_kills_nothing() -> None:
    script = ending_script(nonce="n1", age_s=1.0, grace_s=0.0)
    ran = subprocess.run(["sh"], input=script, check=False, capture_output=True)
    assert survivors_in(ran.stdout, "n1") is None


def test_the_answer_is_found_among_what_a_login_shell_prints() -> None:
    assert survivors_in(b"motd\nn1 end 12 34\nbye\n", "n1") == (12, 34)
    assert survivors_in(b"n1 end\n", "n1") == ()
    assert survivors_in(b"n2 end\n", "n1") is None
    assert survivors_in(b"", "n1") is None


def test_sudo_is_asked_without_a_password_unless_there_is_one() -> None:
    assert sudo_line(user="root", nonce="n", asks=False).startswith("exec sudo -n -u root ")
    assert "-S -p n-password -u root" in sudo_line(user="root", nonce="n", asks=True)
