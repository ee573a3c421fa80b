"""aifctl run and script on real hosts: what arrives, what comes back, what the exit code says."""

from __future__ import annotations

import hashlib

import pytest

from tests.command import wait_until
from tests.lab.hosts import OPS_PASSWORD, Host
from tests.lab.lab import Control, Lab

FOUR = "node[1-4]"


def test_a_command_runs_on_every_host_and_each_answer_is_its_own(control: Control) -> None:
    done = control.json("run", FOUR, "--", "cat", "/etc/hostname")
    assert done.code == 0, done
    assert {node: item["stdout"] for node, item in done.items().items()} == {
        f"node{i}": f"node{i}\n" for i in range(1, 5)
    }


def test_equal_answers_fold_into_one_entry(control: Control) -> None:
    done = control.aifctl("run", FOUR, "--", "echo same; echo err >&2")
    assert done.code == 0, done
    assert done.out.count("same") == 1, done
    assert FOUR in done.out, done


def test_a_hostfile_stands_in_for_the_inventory(control: Control) -> None:
    reaching = [f"--hostfile={control.home / 'hostfile'}", "--user=ops", f"--identity={control.key}"]
    done = control.json("run", *reaching, f"--known-hosts={control.known_hosts}", "--", "id", "-un")
    assert done.code == 0, done
    assert {item["stdout"] for item in done.items().values()} == {"ops\n"}


def test_one_argument_is_the_shells_several_are_quoted(control: Control) -> None:
    assert control.json("run", "node1", "--", "echo $((6*7)) | tr 4 x").items()["node1"]["stdout"] == "x2\n"
    assert control.json("run", "node1", "--", "echo", "$HOME", "a  b").items()["node1"]["stdout"] == "$HOME a  b\n"


def test_a_remote_failure_is_exit_1_and_its_code_stands_in_the_report(control: Control) -> None:
    done = control.json("run", FOUR, "--", "test $(cat /etc/hostname) != node2 || exit 7")
    assert done.code == 1, done
    assert done.outcomes() == {"node1": "ok", "node2": "exit", "node3": "ok", "node4": "ok"}
    assert done.items()["node2"]["rc"] == 7
    assert done.envelope()["exit"] == 1


def test_a_command_killed_by_a_signal_is_signalled(control: Control) -> None:
    item = control.json("run", "node1", "--", "kill -KILL $$").items()["node1"]
    assert (item["outcome"], item["signal"]) == ("signalled", "KILL")


def test_bytes_are_exact_however_many(control: Control, lab: Lab) -> None:
    lab.hosts[0].sh("head -c 3000000 /dev/urandom >/root/noise")
    wanted = lab.hosts[0].sh("sha256sum </root/noise").split()[0]
    outdir = control.home / "out"
    done = control.json("run", "node1", f"--outdir={outdir}", "--", "cat /root/noise")
    assert done.code == 0, done
    assert hashlib.sha256((outdir / "node1.out").read_bytes()).hexdigest() == wanted
    item = done.items()["node1"]
    assert (item["sha256"], item["bytes_count"], item["truncated"]) == (wanted, 3_000_000, True)


def test_stdin_is_left_alone_unless_asked_for(control: Control) -> None:
    assert control.aifctl("run", "node1", "-o", "json", "--", "cat", stdin="typed").items()["node1"]["stdout"] == ""
    done = control.aifctl("run", FOUR, "--stdin", "-o", "json", "--", "wc -c", stdin="x" * 100_000)
    assert {item["stdout"].strip() for item in done.items().values()} == {"100000"}, done


def test_sudo_without_a_password(control: Control) -> None:
    done = control.json("run", "node1,node2", "--user=ops", "--sudo", "--", "id -un")
    assert {item["stdout"] for item in done.items().values()} == {"root\n"}, done


def test_sudo_with_a_password_shows_it_nowhere(control: Control, lab: Lab) -> None:
    secret = control.home / "sudo-password"
    secret.write_text(f"{OPS_PASSWORD}\n")
    secret.chmod(0o600)
    seen = "id -un; cat /proc/[0-9]*/cmdline | tr '\\0' ' '"
    done = control.json("run", "node3", "--user=ops", "--sudo", f"--sudo-password=file:{secret}", "--", seen)
    assert done.code == 0, done
    assert done.items()["node3"]["stdout"].startswith("root\n")
    assert OPS_PASSWORD not in done.out + done.err
    kept = [path for path in control.state.rglob("*") if path.is_file() and OPS_PASSWORD.encode() in path.read_bytes()]
    assert kept == []
    assert OPS_PASSWORD not in lab.hosts[2].sh("journalctl -q -o cat")


def test_sudo_that_wants_a_password_and_gets_none_is_no_success(control: Control) -> None:
    done = control.json("run", "node3", "--user=ops", "--sudo", "--", "id -un")
    assert done.code != 0, done
    assert done.outcomes()["node3"] in {"auth", "exit"}


def test_a_script_runs_by_its_own_interpreter_with_its_arguments_and_is_gone_afterwards(
    control: Control, lab: Lab
) -> None:
    script = control.home / "look.py"
    script.write_text("#!/usr/bin/env python3\nimport sys\nprint(sys.argv[1:], sys.version_info.major)\n")
    before = [_files(host) for host in lab.outer]
    done = control.json("script", FOUR, str(script), "one", "two words", "--", "--three")
    assert done.code == 0, done
    assert {item["stdout"] for item in done.items().values()} == {"['one', 'two words', '--three'] 3\n"}
    assert [_files(host) for host in lab.outer] == before


def test_a_script_under_sudo(control: Control) -> None:
    script = control.home / "who.sh"
    script.write_text("#!/bin/bash\nid -un; echo $SUDO_USER\n")
    done = control.json("script", "node1", str(script), "--user=ops", "--sudo")
    assert done.items()["node1"]["stdout"] == "root\nops\n", done


def test_a_script_under_sudo_with_a_password_reads_its_own_stdin_and_shows_the_password_nowhere(
    control: Control, lab: Lab
) -> None:
    """Password, script and input share one stdin: each must get its own part."""
    script = control.home / "who.sh"
    script.write_text("#!/bin/bash\nid -un; echo $1; wc -c; cat /proc/[0-9]*/cmdline | tr '\\0' ' '\n")
    secret = control.home / "sudo-password"
    secret.write_text(f"{OPS_PASSWORD}\n")
    secret.chmod(0o600)
    words = ["node3", str(script), "an argument", "--user=ops", "--sudo", f"--sudo-password=file:{secret}", "--stdin"]
    done = control.aifctl("script", *words, "-o", "json", stdin="y" * 100_000)
    assert done.code == 0, done
    assert done.items()["node3"]["stdout"].startswith("root\nan argument\n100000\n"), done
    assert OPS_PASSWORD not in done.out + done.err
    assert lab.hosts[2].sh("ls -d /tmp/aifctl.* 2>/dev/null || true") == ""


def test_a_wrong_sudo_password_is_auth_and_nothing_ran(control: Control, lab: Lab) -> None:
    secret = control.home / "sudo-password"
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    reaching = ["--user=ops", "--sudo", f"--sudo-password=file:{secret}"]
    done = control.json("run", "node3", *reaching, "--", "touch /root/wrongly")
    assert (done.code, done.outcomes()) == (4, {"node3": "auth"}), done
    assert "sudo" in done.items()["node3"]["message"], done
    assert "wrongly" not in lab.hosts[2].sh("ls /root")


@pytest.mark.parametrize(
    ("manner", "code", "says"),
    [("", 75, "another-run"), (":skip", 0, "skipped"), (":wait=0.2s", 75, "another-run"), (":wait=40s", 0, "")],
    ids=["fail", "skip", "wait in vain", "wait"],
)
def test_two_runs_under_one_lock(control: Control, lab: Lab, manner: str, code: int, says: str) -> None:
    first, host = ["--lock=another-run", "--deadline=45s"], lab.hosts[0]
    host.sh("rm -f /root/go /root/second; mkfifo /root/go")
    run = control.start("run", "node1", *first, "--", "cat /root/go")
    wait_until(lambda: host.processes("cat /root/go"), "the first run's command")
    second = control.start("run", "node1", f"--lock=another-run{manner}", "--deadline=45s", "--", "touch /root/second")
    waits = manner == ":wait=40s"
    if not waits:
        wait_until(lambda: second.poll() is not None, "the second run's end")
        assert "second" not in host.sh("ls /root")
    host.sh("echo on >/root/go")
    assert control.finish(run, "run").code == 0
    done = control.finish(second, "run")
    assert ("second" in host.sh("ls /root")) == waits
    host.sh("rm -f /root/go /root/second")
    assert done.code == code, done
    assert says in done.err, done


def _files(host: Host) -> str:
    """List what a script may have left behind."""
    return host.sh("find /tmp /var/tmp /root /home /dev/shm /run/user -newer /etc/hostname -type f 2>/dev/null | sort")
