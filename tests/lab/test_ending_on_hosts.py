"""Remote processes end when they should: on timeout, on Ctrl-C, from another terminal; children included."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.command import wait_until
from tests.lab.lab import Control, Lab

FOUR = "node[1-4]"


def family(marker: int) -> str:
    """Return a command that has children and grandchildren, all of which show `marker` and none of which end."""
    return f"sh -c 'sleep {marker} & sleep {marker} & wait' & (trap '' TERM; sleep {marker}) & sleep {marker}"


def left(lab: Lab, marker: int) -> list[str]:
    return [f"{host.name}: {line}" for host in lab.outer for line in host.processes(f"sleep {marker}")]


def started(lab: Lab, marker: int) -> Callable[[], bool]:
    def everywhere() -> bool:
        return all(host.processes(f"sleep {marker}").count(f"sleep {marker}") == 4 for host in lab.outer)

    return everywhere


def test_a_timeout_ends_the_whole_family(control: Control, lab: Lab) -> None:
    done = control.json("run", FOUR, "--timeout=1s", "--", family(47_001))
    assert done.code == 3, done
    assert set(done.outcomes().values()) == {"timeout"}
    assert left(lab, 47_001) == []


def test_a_timeout_ends_what_sudo_started(control: Control, lab: Lab) -> None:
    done = control.json("run", "node1", "--user=ops", "--sudo", "--timeout=1s", "--", family(47_002))
    assert done.outcomes() == {"node1": "timeout"}, done
    assert left(lab, 47_002) == []


def test_a_timeout_ends_what_has_become_a_daemon_where_logins_are_scopes(control: Control, lab: Lab) -> None:
    """The hosts have no logind: the command asks systemd for its connection's scope, as logind would have."""
    systemd = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager"
    scope = "'ssa(sv)a(sa(sv))' session-471.scope fail 1 PIDs au 2 $PPID $$ 0"
    moved = "for p in $PPID $$; do until grep -q session-471.scope /proc/$p/cgroup; do sleep 0.05; done; done"
    logged_in = f"busctl --quiet call {systemd} StartTransientUnit {scope} && {moved}"
    daemon = "(setsid sleep 47100 >/dev/null 2>&1 &)"
    done = control.json("run", "node1", "--timeout=1s", "--", f"{logged_in} && {daemon}; sleep 47101")
    assert done.outcomes() == {"node1": "timeout"}, done
    assert done.items()["node1"]["stderr"] == "", done
    assert left(lab, 47_100) == left(lab, 47_101) == []


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_a_signal_ends_the_whole_family_and_the_partial_report_is_printed(
    control: Control, lab: Lab, sent: signal.Signals, code: int
) -> None:
    marker = 48_000 + sent
    run = control.start("run", FOUR, "-o", "json", "--", family(marker))
    wait_until(started(lab, marker), "the family on every host")
    run.send_signal(sent)
    done = control.finish(run, "run")
    assert done.code == code, done
    assert done.envelope()["exit"] == code
    assert set(done.outcomes().values()) == {"cancelled"}
    assert left(lab, marker) == []


def test_ctrl_c_of_a_terminal_reaches_every_process_of_ours_and_still_ends_the_family_once(
    control: Control, lab: Lab
) -> None:
    run = control.start("run", FOUR, "--workers=2", "-o", "json", "--", family(49_001))
    wait_until(started(lab, 49_001), "the family on every host")
    os.killpg(run.pid, signal.SIGINT)  # as the terminal does: parent and workers alike
    done = control.finish(run, "run")
    assert done.code == 130, done
    assert "Traceback" not in done.err, done
    assert left(lab, 49_001) == []


def test_ctrl_c_while_nodes_are_still_being_chosen_is_quiet_and_starts_nothing(control: Control) -> None:
    fifo = control.home / "hosts"
    os.mkfifo(fifo)
    run = control.start("run", f"--hostfile={fifo}", "--", "touch /tmp/chosen")
    with fifo.open("wb"):  # open waits for the reader: aifctl is now in the middle of it
        run.send_signal(signal.SIGINT)
        done = control.finish(run, "run")
    assert done.code == 130, done
    assert "Traceback" not in done.err, done
    assert list(control.state.glob("runs/*")) == []


def test_ctrl_c_while_results_are_printed_ends_at_once(control: Control, lab: Lab) -> None:
    """Nobody reads our stdout, so the report gets stuck in the pipe."""
    run = control.start("run", FOUR, "-o", "plain", "--", "seq 100000; rm -f /root/never")
    assert run.stdout is not None
    fcntl.fcntl(run.stdout, fcntl.F_SETPIPE_SZ, 4096)
    wait_until(lambda: '"seal"' in _journal(control), "the end of the run")
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=20) == 130
    done = control.finish(run, "run")
    assert "Traceback" not in done.err, done


def test_a_second_ctrl_c_leaves_at_once_and_says_what_may_still_run(control: Control, lab: Lab) -> None:
    """The command ignores TERM, so that there is a while before KILL comes to it."""
    run = control.start("run", "node1", "-o", "json", "--", "trap '' TERM; sleep 49005 & wait; wait; sleep 49005")
    host = lab.hosts[0]
    wait_until(lambda: host.processes("sleep 49005"), "the command")
    run.send_signal(signal.SIGINT)
    wait_until(lambda: '"stop"' in _journal(control), "the first Ctrl-C to be heard")
    run.send_signal(signal.SIGINT)
    done = control.finish(run, "run")
    host.sh("pkill -KILL -f '[s]leep 49005'")
    assert done.code == 130, done
    assert "what was begun may still run on 1 node: node1" in done.err, done
    assert done.items()["node1"]["survivors"] is None, done


def test_runs_stop_ends_a_run_from_another_terminal(control: Control, lab: Lab) -> None:
    run = control.start("run", FOUR, "-o", "json", "--", family(49_002))
    wait_until(started(lab, 49_002), "the family on every host")
    stop = control.aifctl("runs", "stop")
    assert stop.code == 0, stop
    done = control.finish(run, "run")
    assert done.code in {130, 143}, done
    assert left(lab, 49_002) == []


def test_a_deadline_ends_what_still_runs_and_reports_what_is_done(control: Control, lab: Lab) -> None:
    command = f"[ $(cat /etc/hostname) = node1 ] && echo early || {{ {family(49_003)}; }}"
    done = control.json("run", FOUR, "--deadline=3s", "--", command)
    assert done.code == 124, done
    assert done.outcomes()["node1"] == "ok"
    assert left(lab, 49_003) == []


def test_a_node_that_loses_power_mid_command_is_lost_or_times_out_and_holds_nobody_up(
    control: Control, lab: Lab
) -> None:
    host = lab.hosts[3]
    run = control.start(
        "run", FOUR, "--timeout=4s", "-o", "json", "--", "sleep 1; echo done; [ -e /root/stay ] && sleep 49004"
    )
    host.sh("touch /root/stay")
    wait_until(lambda: host.processes("sleep 49004"), "the command on node4")
    lab.reimage(host)
    done = control.finish(run, "run")
    assert done.outcomes()["node4"] in {"lost", "timeout"}, done
    assert {done.outcomes()[node] for node in ("node1", "node2", "node3")} <= {"ok", "exit"}


def test_stdout_closed_early_is_quiet(control: Control) -> None:
    words = ["run", FOUR, "-o", "plain", "--", "seq 100000"]
    run = control.start(*words)
    head = subprocess.run(["head", "-c", "10"], stdin=run.stdout, capture_output=True, check=True)
    assert run.stdout is not None
    run.stdout.close()
    assert run.stderr is not None
    said = run.stderr.read()
    run.stderr.close()
    run.wait(timeout=30)
    assert len(head.stdout) == 10
    assert b"Traceback" not in said
    assert b"Broken pipe" not in said


def test_stdout_that_is_full_is_exit_6_and_no_traceback(control: Control) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device, not a file of ours
        run = control.start("run", "node1", "--", "echo said", stdout=full)
    done = control.finish(run, "run")
    assert done.code == 6, done
    assert "No space left on device" in done.err, done
    assert "Traceback" not in done.err, done


def _journal(control: Control) -> str:
    return "".join(path.read_text() for path in control.state.glob("runs/*/journal.jsonl"))
