"""The probe on real hosts over real SSH: one exec each, sent once, nothing left behind but the kept copy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aifctl.core.outcome import Outcome
from aifctl.diagnosis.reading import SectionStatus
from aifctl.fleet.endpoint import Endpoint
from aifctl.ports.transport import DialSettings
from aifctl.ports.work import NodeResult
from aifctl.survey.envelope import Envelope, open_envelope
from aifctl.survey.probe_work import ProbeWork
from aifctl.transport.ssh.adapter import SshTransport
from aifctl.wiring.probe import probe_package
from tests.fakes.run_parts import desks
from tests.lab.hosts import Host
from tests.lab.lab import Control, Lab
from tests.lab.test_contracts_on_hosts import inside
from tests.survey.nodes import CountingLink, stdout_of
from tests.transport.ssh.links import with_transport

WORK = ProbeWork(package=probe_package(), arguments={"services": ["ssh.service"]})


@pytest.fixture
def hosts(lab: Lab) -> Iterator[Sequence[Host]]:
    """Hosts that keep no probe, and keep none afterwards."""
    for host in lab.outer:
        _forget(host)
    yield lab.outer
    for host in lab.outer:
        _forget(host)


def sweep(
    lab: Lab, control: Control, hosts: Sequence[Host], folder: Path, work: ProbeWork = WORK
) -> dict[str, tuple[NodeResult, int]]:
    """Probe these hosts at once; return each one's result, and how many bytes of the probe were sent to it."""
    settings = DialSettings(user="root", identities=(str(control.key),), known_hosts=(str(control.known_hosts),))
    found: dict[str, tuple[NodeResult, int]] = {}

    async def one(transport: SshTransport, host: Host) -> None:
        endpoint = Endpoint(name=host.name, address=host.address)
        link = CountingLink(await transport.dial(endpoint))
        try:
            found[host.name] = (await work.perform(endpoint, link, desks(folder)(endpoint)), link.fed_bytes)
        finally:
            await link.close()

    async def body(transport: SshTransport) -> None:
        async with asyncio.TaskGroup() as group:
            for host in hosts:
                group.create_task(one(transport, host))

    inside(lab.namespace.pid, lambda: with_transport(settings, body))
    return found


def test_every_host_answers_and_the_second_sweep_sends_no_probe(
    lab: Lab, control: Control, hosts: Sequence[Host], tmp_path: Path
) -> None:
    before = {host.name: _received_bytes(host) for host in hosts}
    first = sweep(lab, control, hosts, tmp_path)
    between = {host.name: _received_bytes(host) for host in hosts}
    second = sweep(lab, control, hosts, tmp_path)
    after = {host.name: _received_bytes(host) for host in hosts}
    size = len(WORK.package.data)
    for host in hosts:
        (result, sent), (again, nothing) = first[host.name], second[host.name]
        assert (result.outcome, again.outcome) == (Outcome.OK, Outcome.OK), (result, again)
        assert (sent, nothing) == (size, 0)
        # What the host's own interface has counted, both handshakes alike.
        arrived = between[host.name] - before[host.name], after[host.name] - between[host.name]
        assert arrived[0] - arrived[1] > 0.9 * size
        envelope = _opened(again, host)
        assert envelope.hostname == host.name
        assert (envelope.probe_left, envelope.user) == ((), "root")
        read = {name: section.status for name, section in envelope.sections.items()}
        assert len(read) == 9
        assert read["gpu"] is SectionStatus.NA
        assert host.processes("aifctl") == []
        kept = host.sh("find /root/.cache /dev/shm -type f").split()
        assert kept == [f"/root/.cache/aifctl/probe-{WORK.package.sha256}"]


def test_a_host_whose_disk_is_full_keeps_it_in_memory(
    lab: Lab, control: Control, hosts: Sequence[Host], tmp_path: Path
) -> None:
    host = hosts[0]
    host.sh("mkdir -m 700 -p /root/.cache/aifctl && mount -t tmpfs -o size=16k,mode=700 tmpfs /root/.cache/aifctl")
    try:
        for sent in (len(WORK.package.data), 0):
            result, fed_bytes = sweep(lab, control, [host], tmp_path)[host.name]
            assert (result.outcome, fed_bytes) == (Outcome.OK, sent), result
            assert host.sh("ls /root/.cache/aifctl; ls /dev/shm/aifctl-0").split() == [f"probe-{WORK.package.sha256}"]
    finally:
        host.sh("umount /root/.cache/aifctl")


def test_a_login_shell_that_talks_harms_nothing(
    lab: Lab, control: Control, hosts: Sequence[Host], tmp_path: Path
) -> None:
    host = hosts[1]
    host.sh(
        "cp /root/.bashrc /root/.bashrc.kept 2>/dev/null; echo 'echo Welcome to the lab; printf need' >/root/.bashrc"
    )
    try:
        for _ in range(2):
            result, _ = sweep(lab, control, [host], tmp_path)[host.name]
            assert _opened(result, host).hostname == host.name
    finally:
        host.sh("rm /root/.bashrc; mv /root/.bashrc.kept /root/.bashrc 2>/dev/null || true")


def test_a_host_without_python_says_so(lab: Lab, control: Control, hosts: Sequence[Host], tmp_path: Path) -> None:
    host = hosts[2]
    where = host.sh("command -v python3").strip()
    host.sh(f"mv {where} {where}.away")
    try:
        result, sent = sweep(lab, control, [host], tmp_path)[host.name]
    finally:
        host.sh(f"mv {where}.away {where}")
    assert (result.outcome, result.rc, sent) == (Outcome.EXIT, 127, 0)
    assert "there is no python3 here" in result.message


def test_a_host_with_a_part_of_python_says_so(
    lab: Lab, control: Control, hosts: Sequence[Host], tmp_path: Path
) -> None:
    """Debian's python3-minimal has neither json nor ctypes."""
    host = hosts[3]
    library = host.sh("python3 -c 'import json; print(json.__path__[0])'").strip()
    host.sh(f"mv {library} {library}.away")
    try:
        result, _ = sweep(lab, control, [host], tmp_path)[host.name]
    finally:
        host.sh(f"mv {library}.away {library}")
    assert (result.outcome, result.rc) == (Outcome.EXIT, 1)
    assert "only a part of Python" in result.message


def _opened(result: NodeResult, host: Host) -> Envelope:
    return open_envelope(stdout_of(result), node=host.name, probe=WORK.package.sha256)


def _received_bytes(host: Host) -> int:
    return int(host.sh("cat /sys/class/net/host0/statistics/rx_bytes"))


def _forget(host: Host) -> None:
    host.sh("rm -rf /root/.cache/aifctl /dev/shm/aifctl-0")
