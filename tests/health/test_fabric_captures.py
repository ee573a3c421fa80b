"""Ports and PCI trees of real nodes, copied under a name that says nothing: exactly what is found, and nothing else."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import uuid
from collections import Counter
from pathlib import Path

import pytest

from aifctl.diagnosis.ibstat import parse_ibstat
from aifctl.diagnosis.lspci import parse_lspci
from aifctl.diagnosis.pci import PciSection
from aifctl.diagnosis.pci_tree import kind_of
from aifctl.diagnosis.port import PortSection
from aifctl.diagnosis.sysfs_ports import parse_sysfs_ports
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.onnode.probe.sections import port as section
from tests.health.fabric_cases import Found, found, judged, profile, reading

pytestmark = pytest.mark.captures

_FOLDER = Path(os.environ.get("AIFCTL_CAPTURES", Path(__file__).parents[3] / "shared" / "captures"))


def copy_of(name: str, tmp_path: Path) -> Path:
    """Copy a capture, so that its name can't tell what is in it."""
    file = _FOLDER / name
    if not file.exists():
        pytest.skip(f"there is no {file}; AIFCTL_CAPTURES names the folder of captures")
    return Path(shutil.copy(file, tmp_path / uuid.uuid4().hex))


def ibstat(name: str, tmp_path: Path) -> PortSection:
    return parse_ibstat(copy_of(f"ib/gpud.ibstat.{name}.txt", tmp_path).read_text())


def on_ports(check: str, code: str, result: str, *numbers: int) -> set[Found]:
    return {(f"port:mlx5_{at}/1", check, code, result) for at in numbers}


_RAILS = (0, 3, 4, 5, 6, 9, 10, 11)
_WRONG_TYPE = on_ports("port-link-layer", "ethernet", "fault", *_RAILS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("47.0.h100.all.active.2", set()),
        ("47.0.h100.some.down.0", set()),
        ("47.0.h100.all.active.0", _WRONG_TYPE),
        (
            "47.0.h100.some.down.with.polling.1",
            _WRONG_TYPE
            | on_ports("port-state", "polling", "fault", 11)
            | on_ports("port-state", "disabled", "fault", 5),
        ),
        (
            "39.0.a100.failed.ibpanic.exit-255.0",
            {("node", "port-count", "unknown", "unknown"), *on_ports("port-rate", "slow", "degraded", *range(8))},
        ),
    ],
)
def test_ibstat_of_h100_nodes(name: str, expected: set[Found], tmp_path: Path) -> None:
    assert found(reading(ports=ibstat(name, tmp_path)), by=profile()) == expected


def test_ibstat_that_panicked_on_an_a100_node_by_that_nodes_expectations(tmp_path: Path) -> None:
    ports = ibstat("39.0.a100.failed.ibpanic.exit-255.0", tmp_path)
    assert len(ports.ports) == 8
    assert found(reading(ports=ports), by=profile(port__rate_gbits_s=200)) == {
        ("node", "port-count", "unknown", "unknown")
    }


def test_what_is_judged_on_a_healthy_ibstat(tmp_path: Path) -> None:
    verdict = judged(reading(ports=ibstat("47.0.h100.all.active.2", tmp_path)), by=profile())
    assert verdict.judged == (
        "hca-firmware-agrees", "port-count", "port-lid", "port-link-layer", "port-rate", "port-state",
    )  # fmt: skip


def test_a_collection_of_several_nodes_guids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="several nodes"):
        parse_ibstat(copy_of("firmware/ibstat_ndv4_superbench.txt", tmp_path).read_text())


def test_the_section_reads_a_real_tree(tmp_path: Path) -> None:
    with tarfile.open(copy_of("ib/gpud.sys-class-infiniband-h100.tar.gz", tmp_path)) as tree:
        tree.extractall(tmp_path / "tree", filter="data")
    (folder,) = (tmp_path / "tree").iterdir()
    (tmp_path / "sys/class").mkdir(parents=True)
    (tmp_path / "sys/class/infiniband").symlink_to(folder)
    ports = parse_sysfs_ports(section.read(str(tmp_path), {}))
    fabric = [port for port in ports.ports if port.link_layer == "infiniband"]
    assert {(port.rate_gbits_s, port.state, port.physical_state, port.firmware_version) for port in fabric} == {
        (400.0, "active", "link-up", "28.41.1000")
    }
    assert [port.device for port in ports.ports] == [f"mlx5_{at}" for at in (0, 1, 4, 5, 6, 7, 8, 9)] + ["mlx5_bond_0"]
    assert isinstance(counters := fabric[0].counters, dict)
    assert (counters["excessive_buffer_overrun_errors"], counters["port_rcv_errors"], counters["symbol_error"]) == (
        15,
        14,
        0,
    )
    # The tree is abridged: its files of LIDs were left out, which a node's kernel never does.
    lids = on_ports("port-lid", "unknown", "unknown", 0, 1, 4, 5, 6, 7, 8, 9)
    assert found(reading(ports=ports), reading(ports=ports, at_s=1600.0), by=profile()) == lids


def lspci(name: str, tmp_path: Path) -> PciSection:
    data = copy_of(f"pci/{name}", tmp_path).read_bytes()
    return parse_lspci((gzip.decompress(data) if name.endswith(".gz") else data).decode())


def test_lspci_of_a_healthy_xe9680_with_eight_h100(tmp_path: Path) -> None:
    pci = lspci("gpud.lspci-vvv.h100x8.xe9680.txt.gz", tmp_path)
    kinds = Counter(kind_of(one) for one in pci.devices)
    assert (kinds["GPU"], kinds["NVSwitch"], kinds["NVMe disk"], kinds["HCA"]) == (8, 4, 8, 12)
    assert {one.device_id for one in pci.devices if kind_of(one) == "GPU"} == {"10de:2330"}
    verdict = judged(reading(pci=pci), by=profile())
    assert verdict.findings == ()
    assert verdict.judged == ("acs", "pci-gpu-count", "pci-lost", "pci-topology", "pcie-link")


def test_lspci_of_a_healthy_xe9680_with_one_line_changed(tmp_path: Path) -> None:
    text = gzip.decompress(copy_of("pci/gpud.lspci-vvv.h100x8.xe9680.txt.gz", tmp_path).read_bytes()).decode()
    before, gpu, after = text.partition("19:00.0 3D controller")
    full = "LnkSta:\tSpeed 32GT/s (ok), Width x16 (ok)"
    narrow = after.replace(full, "LnkSta:\tSpeed 16GT/s (downgraded), Width x8 (downgraded)", 1)
    assert found(reading(pci=parse_lspci(before + gpu + narrow)), by=profile()) == {
        ("gpu:0000:19:00.0", "pcie-link", "speed", "fault"),
        ("gpu:0000:19:00.0", "pcie-link", "width", "fault"),
    }
    gone = after.replace("(rev a1)", "(rev ff)", 1)
    assert found(reading(pci=parse_lspci(before + gpu + gone)), by=profile()) == {
        ("gpu:0000:19:00.0", "pci-lost", "all-ones", "fault")
    }


def test_a_plain_lspci_of_a_healthy_a100_node(tmp_path: Path) -> None:
    pci = lspci("gpud.lspci-nn.a100.txt", tmp_path)
    assert pci.complete
    verdict = judged(reading(pci=pci), by=profile(gpu__pcie_generation=4))
    assert verdict.findings == ()
    assert set(verdict.judged) >= {"pci-gpu-count", "pci-lost"}
