"""Logging in to plain OpenSSH: agent, certificates, jump hosts, changed host keys, a throttling sshd."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import wait_until
from tests.lab.lab import Control, Lab

FOUR = "node[1-4]"


@pytest.fixture
def agent(lab: Lab, tmp_path: Path) -> Iterator[Path]:
    """Run an agent that holds the one key, which lies nowhere in the operator's home."""
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as process:
        try:
            key = lab.folder / "operator/agent_key"
            for _ in range(100):
                added = subprocess.run(["ssh-add", "-q", key], env={"SSH_AUTH_SOCK": str(socket)}, check=False)
                if added.returncode == 0:
                    break
            yield socket
        finally:
            process.terminate()


def test_keys_of_an_agent(control: Control, agent: Path) -> None:
    control.key.unlink()
    without = control.aifctl("run", "node1", "--", "id")
    assert without.code == 6, without
    assert "there is no SSH key to log in with" in without.err, without
    done = control.aifctl("run", FOUR, "-o", "json", "--", "id -un", env={"SSH_AUTH_SOCK": str(agent)})
    assert done.code == 0, done


def test_a_certificate_that_only_the_agent_holds(control: Control, lab: Lab, agent: Path) -> None:
    control.key.unlink()
    key = control.home / "signed"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    _run("ssh-keygen", "-q", "-s", str(lab.ca_key), "-I", "operator", "-n", "root", f"{key}.pub")
    environ = {"SSH_AUTH_SOCK": str(agent)}
    subprocess.run(["ssh-add", "-q", "-D"], env=environ, check=True)
    subprocess.run(["ssh-add", "-q", key], env=environ, check=True)  # the certificate beside it goes with it
    key.unlink()
    done = control.aifctl("run", FOUR, "-o", "json", "--", "id -un", env=environ)
    assert done.code == 0, done


def test_a_strangers_key_is_refused_with_what_was_tried(control: Control) -> None:
    key = control.home / "stranger"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    done = control.json("run", "node1", f"--identity={key}", "--", "id")
    assert (done.code, done.outcomes()) == (4, {"node1": "auth"}), done
    assert "stranger" in done.items()["node1"]["message"], done


def test_an_encrypted_key_opens_with_a_password_from_a_file_and_not_without(control: Control) -> None:
    _run("ssh-keygen", "-q", "-p", "-P", "", "-N", "key-secret", "-f", str(control.key))
    shut = control.aifctl("run", "node1", "--", "true")
    assert shut.code == 6, shut
    assert "is encrypted" in shut.err, shut
    secret = control.home / "key-password"
    secret.write_text("key-secret\n")
    secret.chmod(0o600)
    done = control.aifctl("run", "node1", f"--key-password=file:{secret}", "--", "true")
    assert done.code == 0, done


def test_a_key_that_others_may_read_is_refused_before_anybody_is_asked(control: Control) -> None:
    control.key.chmod(0o644)
    done = control.aifctl("run", "node1", "--", "true")
    assert done.code == 6, done
    assert "chmod 600" in done.err, done


def test_a_user_certificate_opens_what_its_key_alone_does_not(control: Control, lab: Lab) -> None:
    key = control.home / "signed"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    refused = control.json("run", FOUR, f"--identity={key}", "--", "true")
    assert refused.code == 4, refused
    assert set(refused.outcomes().values()) == {"auth"}
    _run("ssh-keygen", "-q", "-s", str(lab.ca_key), "-I", "operator", "-n", "root,ops", f"{key}.pub")
    done = control.json("run", FOUR, f"--identity={key}", "--", "true")
    assert done.code == 0, done


def test_a_host_certificate_stands_in_for_a_known_key(control: Control, lab: Lab) -> None:
    host = lab.hosts[1]
    authority = control.home / "host_ca"
    _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(authority))
    public = control.home / "node2.pub"
    public.write_text(f"{host.host_key} node2\n")
    _run("ssh-keygen", "-q", "-s", str(authority), "-h", "-I", "node2", "-n", f"node2,{host.address}", str(public))
    signed = (control.home / "node2-cert.pub").read_text().strip()
    host.sh(f"echo '{signed}' >/etc/ssh/host-cert.pub")
    trusted = (control.home / "host_ca.pub").read_text().strip()
    control.known_hosts.write_text(f"@cert-authority node*,10.77.0.* {trusted}\n")
    try:
        assert control.json("run", "node2", "--", "true").outcomes() == {"node2": "host-key"}
        host.restart_sshd(more="HostCertificate /etc/ssh/host-cert.pub")
        lab.wait_answering(host)
        done = control.json("run", "node2", "--", "true")
        assert done.code == 0, done
    finally:
        host.restart_sshd()
        lab.wait_answering(host)


def test_a_node_behind_a_jump_host(control: Control) -> None:
    done = control.json("run", "node5", "--", "cat /etc/hostname")
    assert done.code == 0, done
    assert done.items()["node5"]["stdout"] == "node5\n"


def test_without_its_jump_host_the_inner_node_is_out_of_reach(control: Control) -> None:
    control.hosts[4].inner = False
    try:
        control.prepare()
    finally:
        control.hosts[4].inner = True
    (control.home / "hosts").write_text("10.78.0.15\n")
    done = control.json(
        "run", f"--hostfile={control.home / 'hosts'}", "--user=root", "--connect-timeout=2s", "--", "id"
    )
    assert done.code == 4, done
    assert done.outcomes()["10.78.0.15"] in {"no-route", "connect-timeout"}


def test_a_dead_jump_host_is_replaced_by_the_next_and_remembered(control: Control, lab: Lab) -> None:
    first = lab.hosts[0]
    first.sh("systemctl stop ssh")
    try:
        for _ in range(2):
            done = control.json("run", "node5", "--", "true")
            assert done.code == 0, done
        lab.hosts[1].sh("systemctl stop ssh")
        both = control.json("run", "node5", "--connect-timeout=3s", "--", "true")
        assert both.outcomes() == {"node5": "jump"}, both
        assert both.code == 4
    finally:
        for host in lab.hosts[:2]:
            host.sh("systemctl start ssh")
        lab.wait_answering(*lab.hosts[:2])


def test_a_jump_host_that_dies_mid_run_loses_what_ran_behind_it_and_the_next_one_serves(
    control: Control, lab: Lab
) -> None:
    """The connection goes with the jump host: lost, never repeated by itself; node1 answers all the same."""
    first, inner = lab.hosts[0], lab.inner
    run = control.start("run", "node1,node5", "--retries=3", "-o", "json", "--", "[ -e /root/inner ] && sleep 52001; :")
    inner.sh("touch /root/inner")
    try:
        wait_until(lambda: inner.processes("sleep 52001"), "the command behind the jump host")
        first.sh("for p in $(pgrep -x sshd); do kill -9 $p; done")
        done = control.finish(run, "run")
        assert done.code == 3, done
        assert done.outcomes()["node5"] == "lost", done
        assert "unknown" in done.items()["node5"]["message"], done
        again = control.json("run", "node5", "--", "cat /etc/hostname")
        assert (again.code, again.items()["node5"]["stdout"]) == (0, "node5\n"), again
    finally:
        inner.sh("rm -f /root/inner; pkill -f '[s]leep 52001' || true")
        first.sh("systemctl restart ssh")
        lab.wait_answering(first)


def test_a_file_and_a_plain_ssh_go_through_the_jump_host_too(control: Control, lab: Lab) -> None:
    source = control.home / "file"
    source.write_text("through\n")
    assert (pushed := control.json("push", "node5", str(source), "/root/through")).code == 0, pushed
    assert lab.inner.sh("cat /root/through") == "through\n"
    plain = control.aifctl("ssh", "node5", f"--identity={control.key}", "--", "cat", "/etc/hostname")
    assert (plain.code, plain.out) == (0, "node5\n"), plain


def test_a_reimaged_node_is_not_trusted_until_somebody_says_so(control: Control, lab: Lab) -> None:
    host = lab.hosts[3]
    before = _fingerprint(host.host_key)
    lab.reimage(host)
    done = control.json("run", FOUR, "--", "touch /root/ran")
    assert done.code == 3, done
    assert done.outcomes() == {"node1": "ok", "node2": "ok", "node3": "ok", "node4": "host-key"}
    message = done.items()["node4"]["message"]
    assert before in message, message
    assert _fingerprint(host.host_key) in message, message
    assert "trust" in message, message
    assert host.sh("ls /root") == ""

    unsaid = control.aifctl("trust", "scan", "node4")
    assert unsaid.code == 5, unsaid
    said = control.aifctl("trust", "scan", "node4", "--yes")
    assert said.code == 0, said
    again = control.json("run", FOUR, "--", "true")
    assert again.code == 0, again


def test_an_unknown_node_is_never_accepted_silently(control: Control) -> None:
    control.known_hosts.write_text("")
    done = control.json("run", "node1", "--", "touch /root/silently")
    assert done.outcomes() == {"node1": "host-key"}, done
    assert done.code == 4
    assert control.hosts[0].sh("ls /root | grep -c silently || true").strip() == "0"


@pytest.fixture
def crowd(control: Control, lab: Lab) -> Iterator[list[str]]:
    """Give node1 forty names and an sshd that drops whoever comes while two are still logging in."""
    host, names = lab.hosts[0], [f"twin{i:02}" for i in range(1, 41)]
    hosts = lab.folder / "hosts"
    before = hosts.read_text()
    hosts.write_text(before + "".join(f"{host.address} {name}\n" for name in names))
    control.known_hosts.write_text(f"{','.join(names)},{host.address} {host.host_key}\n")
    (control.home / "crowd").write_text("\n".join(names))
    host.restart_sshd(max_startups="2:100:2")
    lab.wait_answering(host)
    try:
        yield [f"--hostfile={control.home / 'crowd'}", "--user=root", f"--identity={control.key}"]
    finally:
        hosts.write_text(before)
        host.restart_sshd(max_startups="100:30:200")
        lab.wait_answering(host)


def test_forty_connections_at_a_throttling_sshd_all_get_in_with_retries_and_run_once_each(
    control: Control, lab: Lab, crowd: list[str]
) -> None:
    lab.hosts[0].sh("rm -f /root/count")
    done = control.json("run", *crowd, "--retries=10", "--", "echo x >>/root/count")
    assert done.code == 0, done
    assert len(lab.hosts[0].sh("cat /root/count").split()) == 40


def test_without_retries_the_throttled_are_told_apart_and_never_ran(
    control: Control, lab: Lab, crowd: list[str]
) -> None:
    lab.hosts[0].sh("rm -f /root/count")
    done = control.json("run", *crowd, "--", "echo x >>/root/count")
    outcomes = list(done.outcomes().values())
    assert set(outcomes) <= {"ok", "throttled"}, done
    assert outcomes.count("ok") == len(lab.hosts[0].sh("cat /root/count").split())
    assert done.code == (0 if outcomes.count("ok") == 40 else 3), done


def _fingerprint(key: str) -> str:
    return _run("ssh-keygen", "-l", "-f", "-", stdin=key).split()[1]


def _run(*command: str, stdin: str | None = None) -> str:
    assert shutil.which(command[0])
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout
