"""The node itself as the probe reads it of real hosts with a real systemd: units, mounts, names, clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.host import Host as Node
from aifctl.diagnosis.reading import Reading, SectionName, SectionStatus
from aifctl.survey.envelope import open_envelope
from aifctl.survey.probe_work import ProbeWork
from aifctl.survey.reading import read_envelope
from aifctl.wiring.probe import probe_package
from tests.lab.hosts import Host
from tests.lab.lab import Control, Lab
from tests.lab.test_probe_on_hosts import sweep
from tests.survey.nodes import stdout_of

WORK = ProbeWork(
    package=probe_package(),
    arguments={"services": ["ssh", "broken.service", "no-such.service"], "mounts": ["/", "/mnt", "/gone"]},
)
_BROKEN = "[Service]\nType=oneshot\nExecStart=/bin/false\n"


@pytest.fixture
def host(lab: Lab) -> Iterator[Host]:
    """A host with a unit that has failed and a small file system that is nearly full."""
    host = lab.outer[0]
    host.sh(
        f"printf '{_BROKEN}' >/run/systemd/system/broken.service; systemctl daemon-reload; systemctl start broken; true"
    )
    host.sh("head -c 250000 /dev/zero >/mnt/filler")
    yield host
    host.sh(
        "rm /mnt/filler; systemctl reset-failed broken; rm /run/systemd/system/broken.service; systemctl daemon-reload"
    )


def look(lab: Lab, control: Control, host: Host, folder: Path) -> Reading:
    result, _ = sweep(lab, control, [host], folder, WORK)[host.name]
    return read_envelope(open_envelope(stdout_of(result), node=host.name), node=host.name, at_s=1.0)


def test_a_real_systemd_host_tells_its_units_its_mounts_and_who_it_is(
    lab: Lab, control: Control, host: Host, tmp_path: Path
) -> None:
    reading = look(lab, control, host, tmp_path)
    assert reading.end(SectionName.HOST).status is SectionStatus.OK
    node = reading.host
    assert isinstance(node, Node)
    assert (node.hostname, node.kernel_version) == (host.name, host.sh("uname -r").strip())
    assert isinstance(node.services, dict)
    assert (node.services["ssh.service"], node.services["broken.service"]) == ("active", "failed")
    assert node.services["no-such.service"] == "missing"
    assert isinstance(node.failed_units, tuple)
    assert "broken.service" in node.failed_units
    assert isinstance(node.filesystems, tuple)
    found = {one.mount: one for one in node.filesystems}
    assert {"/", "/mnt"} <= set(found)
    assert "/gone" not in found
    small = found["/mnt"]
    assert (small.status, small.size_bytes, small.read_only) == ("ok", 256 << 10, False)
    assert isinstance(small.used_pct, float)
    assert small.used_pct > 95
    assert node.clock_synced is Absent.DENIED  # systemd-nspawn lets nobody ask
    assert (
        node.clock_source
        == Path("/sys/devices/system/clocksource/clocksource0/current_clocksource").read_text().strip()
    )
    assert node.os == host.sh(". /etc/os-release; echo $PRETTY_NAME").strip()
    assert node.limits is Absent.NOT_AVAILABLE  # root's
    assert node.probe_left == ()
