"""kill -9 of aifctl in mid-run: what was in flight is lost and named, the rest is done once each by `runs resume`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess

import pytest

from tests.command import wait_until
from tests.lab.lab import Control, Lab

FOUR = "node[1-4]"


def counts(lab: Lab) -> list[int]:
    """Return how often the command began on each host."""
    return [int(host.sh("wc -l </root/count 2>/dev/null || echo 0")) for host in lab.outer]


def forget(lab: Lab) -> None:
    for host in lab.outer:
        host.sh("rm -f /root/count")


def kill_when(control: Control, lab: Lab, begun: int, *more: str) -> None:
    """Start a run that does one host after the other, and kill aifctl once it has begun on so many."""
    run = control.start("run", FOUR, "--width=1", *more, "--", "echo x >>/root/count; sleep 1; echo done")
    wait_until(lambda: sum(counts(lab)) >= begun, f"the command on {begun} hosts")
    os.killpg(run.pid, signal.SIGKILL)
    control.finish(run, "run")


@pytest.mark.parametrize("begun", [1, 3])
def test_resume_does_the_rest_once_each_and_leaves_the_lost_alone(control: Control, lab: Lab, begun: int) -> None:
    forget(lab)
    kill_when(control, lab, begun)
    listed = control.aifctl("runs", "list", "-o", "json")
    assert listed.code == 0, listed

    done = control.json("runs", "resume", "latest")
    assert counts(lab) == [1, 1, 1, 1], done
    shown = control.json("runs", "show", "latest")
    assert list(shown.outcomes().values()).count("lost") <= 1, shown
    assert "lost" in done.out + done.err, done


def test_a_second_resume_repeats_nothing(control: Control, lab: Lab) -> None:
    forget(lab)
    kill_when(control, lab, 2)
    control.json("runs", "resume", "latest")
    control.json("runs", "resume", "latest")
    assert counts(lab) == [1, 1, 1, 1]


def test_the_lost_are_repeated_when_somebody_says_so(control: Control, lab: Lab) -> None:
    forget(lab)
    kill_when(control, lab, 2)
    done = control.json("runs", "resume", "latest", "--again=lost")
    assert done.code == 0, done
    assert sorted(counts(lab)) == [1, 1, 1, 2]


def test_a_script_with_stdin_is_resumed_with_the_same_script_and_the_same_input(control: Control, lab: Lab) -> None:
    forget(lab)
    script = control.home / "feed.sh"
    script.write_text('#!/bin/sh\nsum=$(sha256sum); echo "$1 $sum" >>/root/count; sleep 1; echo "$sum"\n')
    fed = "".join(f"line {i}\n" for i in range(20_000)).encode()
    words = ["script", FOUR, str(script), "arg", "--width=1", "--stdin"]
    run = control.start(*words, stdin=subprocess.PIPE)
    assert run.stdin is not None
    run.stdin.write(fed)
    run.stdin.close()
    run.stdin = None
    wait_until(lambda: sum(counts(lab)) >= 2, "the script on two hosts")
    os.killpg(run.pid, signal.SIGKILL)
    control.finish(run, *words)
    script.write_text("#!/bin/sh\necho another script\n")  # the run's own is in its journal

    done = control.json("runs", "resume", "latest", "--again=lost")
    assert done.code == 0, done
    wanted = f"arg {hashlib.sha256(fed).hexdigest()}  -"
    assert {line for host in lab.outer for line in host.sh("cat /root/count").splitlines()} == {wanted}
    assert sorted(counts(lab)) == [1, 1, 1, 2], done


def test_a_run_whose_input_broke_off_half_way_is_not_resumed_with_half_of_it(control: Control, lab: Lab) -> None:
    run = control.start(
        "run",
        FOUR,
        "--width=1",
        "--stdin",
        "--",
        "head -c 1 >/dev/null; echo begun; cat >/dev/null",
        stdin=subprocess.PIPE,
    )
    assert run.stdin is not None
    run.stdin.write(b"half")
    run.stdin.flush()
    wait_until(lambda: lab.hosts[0].processes("cat"), "the command on the first host")
    os.killpg(run.pid, signal.SIGKILL)
    run.stdin.close()
    run.stdin = None
    control.finish(run, "run")
    done = control.aifctl("runs", "resume", "latest")
    assert done.code == 5, done
    assert "start it anew" in done.err, done


def test_retry_asks_only_those_with_the_chosen_outcome(control: Control, lab: Lab) -> None:
    forget(lab)
    lab.hosts[2].sh("systemctl stop ssh")
    try:
        first = control.json("run", FOUR, "--", "echo x >>/root/count")
    finally:
        lab.hosts[2].sh("systemctl start ssh")
        lab.wait_answering(lab.hosts[2])
    assert first.outcomes()["node3"] == "refused", first
    again = control.json("runs", "retry", "latest", "--outcome=refused,throttled")
    assert again.code == 0, again
    assert again.outcomes() == {"node3": "ok"}
    assert counts(lab) == [1, 1, 1, 1]


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_twenty_kills_at_any_moment_never_run_a_node_twice(control: Control, lab: Lab) -> None:
    for round_number in range(20):
        forget(lab)
        pause_s = 0.1 + 0.13 * round_number  # from before the first connection to after the last
        run = control.start("run", FOUR, "--width=2", "--", "echo x >>/root/count; sleep 0.5")
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(timeout=pause_s)
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        control.finish(run, "run")
        control.aifctl("runs", "resume", "latest")
        assert max(counts(lab)) <= 1, f"round {round_number}"
