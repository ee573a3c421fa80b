"""One exec per node, first contact included; whatever a node says, it is bounded and told."""

from __future__ import annotations

import asyncio
import json
import pickle
from pathlib import Path

import pytest

from aifctl.core.outcome import Outcome
from aifctl.ports.probe_package import ProbePackage
from aifctl.ports.transport import Link
from aifctl.ports.work import NodeResult
from aifctl.survey.envelope import open_envelope
from aifctl.survey.probe_work import ProbeWork
from aifctl.transport.ssh.adapter import SshTransport
from aifctl.wiring.probe import probe_package
from tests.sshd import needs_sshd, running_sshd
from tests.survey.nodes import NODE, CountingLink, LocalLink, perform, small_package, stdout_of, work_of
from tests.transport.ssh.links import with_transport

ECHO = 'print(json.dumps({"aifctl_probe": 1, "argv": argv}))'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def package(main: str = ECHO) -> ProbePackage:
    return small_package(main, probe_package().launcher)


def on(link: LocalLink, work: ProbeWork, folder: Path) -> NodeResult:
    as_port: Link = link
    return asyncio.run(perform(work, as_port, folder))


def test_first_contact_brings_the_probe_along_and_the_next_does_not(home: Path, tmp_path: Path) -> None:
    work, link = work_of(package(), {"services": ["a b"]}), LocalLink(home)
    first = on(link, work, tmp_path)
    assert (first.outcome, first.detail) == (Outcome.OK, {"sent_bytes": len(work.package.data)})
    assert link.fed_bytes == len(work.package.data)
    again = LocalLink(home)
    second = on(again, work, tmp_path)
    assert (second.outcome, second.detail, again.fed_bytes) == (Outcome.OK, {}, 0)
    assert stdout_of(first) == stdout_of(second)
    assert json.loads(json.loads(stdout_of(first))["argv"][0]) == {"services": ["a b"]}
    assert len(link.lines) == len(again.lines) == 1


def test_each_node_is_told_its_own_cursor(home: Path, tmp_path: Path) -> None:
    work = work_of(package(), {"services": []}, cursors={NODE.name: "s=7;i=9", "n2": "other"})
    said = json.loads(stdout_of(on(LocalLink(home), work, tmp_path)))
    assert json.loads(said["argv"][0]) == {"services": [], "cursor": "s=7;i=9"}
    assert '"cursor"' not in work_of(package(), cursors={"n2": "other"}).line(NODE.name)


def test_it_looks_as_another_user_where_it_is_told_to(home: Path, tmp_path: Path) -> None:
    sudo = f'SHELL=/bin/sh; sudo() {{ echo "$1 $2 $3 $4" >{home}/asked; shift 4; "$@"; }}; '
    link = LocalLink(home, before=sudo)
    result = on(link, work_of(package(), {"services": ["it's"]}, sudo="root"), tmp_path)
    assert (result.outcome, (home / "asked").read_text()) == (Outcome.OK, "-n -u root --\n")
    assert json.loads(json.loads(stdout_of(result))["argv"][0]) == {"services": ["it's"]}


def test_shards_get_it_by_pickle() -> None:
    work = work_of(package(), {"services": ["sshd"]}, cursors={"n1": "7"})
    assert pickle.loads(pickle.dumps(work)) == work  # noqa: S301 - what this test has just made


@pytest.mark.parametrize(
    "noise",
    ["echo Welcome; ", "printf 'no newline at its end'; ", "echo need 0123; ", "cat /dev/null; echo '{\"x\": 1}'; "],
)
def test_what_a_login_shell_prints_first_is_nobody_s_business(home: Path, tmp_path: Path, noise: str) -> None:
    for _ in range(2):
        result = on(LocalLink(home, before=noise), work_of(package()), tmp_path)
        assert result.outcome is Outcome.OK
        assert json.loads(stdout_of(result))["aifctl_probe"] == 1


def test_the_last_reply_counts(home: Path, tmp_path: Path) -> None:
    link = LocalLink(home, before='echo \'{"aifctl_probe": 1, "argv": "made up"}\'; ')
    assert json.loads(stdout_of(on(link, work_of(package()), tmp_path)))["argv"] == ["{}"]


def test_garbage_is_kept_for_a_person_and_the_outcome_stays(home: Path, tmp_path: Path) -> None:
    result = on(LocalLink(home), work_of(package('print("\\x1b[31mSegmentation fault")')), tmp_path)
    assert (result.outcome, result.rc) == (Outcome.OK, 0)
    assert stdout_of(result).endswith(b"\x1b[31mSegmentation fault\n")


def test_a_node_that_floods_is_cut_off(home: Path, tmp_path: Path) -> None:
    work = work_of(package('while True: os.write(1, b"x" * 65536)'))
    result = on(LocalLink(home), work, tmp_path)
    assert result.outcome is Outcome.UNREADABLE
    assert result.message == "it said more than 2 MB, which no probe does"
    assert result.stdout.bytes_count <= 2048


def test_a_failing_launcher_says_why(home: Path, tmp_path: Path) -> None:
    result = on(LocalLink(home, before="PATH=/nonexistent; "), work_of(package()), tmp_path)
    if not Path("/usr/libexec/platform-python").exists():
        assert (result.outcome, result.rc) == (Outcome.EXIT, 127)
    broken = work_of(package('sys.exit("one\\ntwo \\x1b[2J")'))
    result = on(LocalLink(home), broken, tmp_path)
    assert (result.outcome, result.rc, result.message) == (Outcome.EXIT, 1, "two \\x1b[2J")


def test_the_real_probe_answers(home: Path, tmp_path: Path) -> None:
    work = work_of(probe_package())
    result = on(LocalLink(home), work, tmp_path)
    assert result.outcome is Outcome.OK, result
    envelope = open_envelope(stdout_of(result), node=NODE.name, probe=work.package.sha256)
    assert len(envelope.sections) == 9
    assert envelope.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@needs_sshd
@pytest.mark.ssh
def test_over_ssh_the_probe_is_sent_once(tmp_path: Path) -> None:
    work = work_of(probe_package())

    async def body(transport: SshTransport) -> list[tuple[NodeResult, int]]:
        found = []
        for _ in range(2):
            link = CountingLink(await transport.dial(sshd.endpoint))
            try:
                found.append((await perform(work, link, tmp_path), link.fed_bytes))
            finally:
                await link.close()
        return found

    with running_sshd(tmp_path / "sshd") as sshd:
        (first, sent), (second, nothing) = with_transport(sshd.settings(), body)
    assert (first.outcome, second.outcome) == (Outcome.OK, Outcome.OK), (first, second)
    assert (sent, nothing) == (len(work.package.data), 0)
    assert open_envelope(stdout_of(second), node="node1", probe=work.package.sha256).hostname


@needs_sshd
@pytest.mark.ssh
def test_over_ssh_a_flood_is_ended_on_the_node(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    flood = f'open({str(marker)!r}, "w").write(str(os.getpid()))\nwhile True: os.write(1, b"x" * 65536)'

    async def body(transport: SshTransport) -> NodeResult:
        link = await transport.dial(sshd.endpoint)
        try:
            return await perform(work_of(package(flood)), link, tmp_path)
        finally:
            await link.close()

    with running_sshd(tmp_path / "sshd") as sshd:
        result = with_transport(sshd.settings(), body)
        assert (result.outcome, result.survivors) == (Outcome.UNREADABLE, ())
        assert not Path(f"/proc/{marker.read_text()}").exists()
