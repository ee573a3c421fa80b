"""The port section of the probe: what it reads of /sys/class/infiniband, and what one bad file does to it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.sections import port as section
from aifctl.onnode.probe.trouble import Trouble
from aifctl.sim.hardware.fabric import FabricHardware, write_fabric
from aifctl.sim.hardware.pci import PciHardware, write_pci
from tests.onnode.pythons import OLDEST_PYTHON, PYTHONS

_AIFCTL = Path(__file__).parents[2] / "aifctl"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_fabric(tmp_path, FabricHardware.healthy())
    return tmp_path


def read(root: Path) -> Any:
    data = section.read(str(root), {})
    assert json.loads(json.dumps(data)) == data
    return data


def hca(root: Path, name: str = "mlx5_0") -> Path:
    return root / "sys/class/infiniband" / name


def test_a_port_is_read_as_it_stands_in_the_files(root: Path) -> None:
    data = read(root)
    assert data["source"] == "sysfs"
    assert len(data["devices"]) == 10
    device = data["devices"]["mlx5_0"]
    assert (device["type"], device["board"], device["pci"], device["numa"]) == (
        "MT4129", "MT_0000000838", "0000:18:00.0", "0",
    )  # fmt: skip
    assert device["net"] == ["ibp24s0"]
    port = device["ports"]["1"]
    assert (port["state"], port["phys"], port["rate"]) == ("4: ACTIVE", "5: LinkUp", "400 Gb/sec (4X NDR)")
    assert (port["layer"], port["lid"], port["sm"]) == ("InfiniBand", "0x1", "0x1")
    assert port["gid"].startswith("fe80:0000:0000:0000:a088:c2")


def test_counters_of_errors_are_read_and_those_of_traffic_are_not(root: Path) -> None:
    counters = read(root)["devices"]["mlx5_0"]["ports"]["1"]["c"]
    assert {"symbol_error", "link_downed", "rnr_nak_retry_err", "local_ack_timeout_err", "port_xmit_wait"} <= set(
        counters
    )
    assert {"port_xmit_data", "port_rcv_packets", "out_of_sequence"}.isdisjoint(counters)
    assert all(value.isdecimal() for value in counters.values())


def _forbid(file: Path) -> None:
    """Make a file unreadable for root, too: reading a folder is EISDIR."""
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    ("spoil", "place", "expected"),
    [
        (lambda it: _forbid(it / "ports/1/rate"), ("ports", "1", "rate"), {"!": "EISDIR"}),
        (lambda it: (it / "ports/1/rate").unlink(), ("ports", "1", "rate"), {"!": "ENOENT"}),
        (lambda it: (it / "fw_ver").write_bytes(b"\xff\xfe\n"), ("fw",), "\ufffd\ufffd"),
        (lambda it: (it / "fw_ver").write_bytes(b"x" * 10**6), ("fw",), "x" * 256),
        (lambda it: (it / "device").unlink(), ("pci",), {"!": "ENOENT"}),
        (lambda it: _forbid(it / "ports/1/counters/symbol_error"), ("ports", "1", "c", "symbol_error"), {"!": "EISDIR"}),
        (lambda it: (it / "ports/1/gids").replace(it / "gone"), ("ports", "1", "gid"), {"!": "ENOENT"}),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_costs_nothing_else(
    spoil: Callable[[Path], object], place: tuple[str, ...], expected: object, root: Path
) -> None:
    before = read(root)
    spoil(hca(root))
    after = read(root)
    found: Any = after["devices"]["mlx5_0"]
    for step in place:
        found = found[step]
    assert found == expected
    assert {name: after["devices"][name] for name in before["devices"] if name != "mlx5_0"} == {
        name: device for name, device in before["devices"].items() if name != "mlx5_0"
    }
    assert after["devices"]["mlx5_0"]["ports"]["1"]["state"] == "4: ACTIVE"


def test_a_counter_that_this_hca_does_not_have_is_left_out(root: Path) -> None:
    (hca(root) / "ports/1/hw_counters/rnr_nak_retry_err").unlink()
    assert "rnr_nak_retry_err" not in read(root)["devices"]["mlx5_0"]["ports"]["1"]["c"]


def test_a_link_that_leads_to_no_pci_device_is_no_address(root: Path) -> None:
    place = hca(root) / "device"
    place.unlink()
    place.symlink_to("../../../../vdevice")
    assert read(root)["devices"]["mlx5_0"]["pci"] == {"!": "ENODEV"}


def test_a_file_that_never_ends_its_waiting_is_not_waited_for(root: Path) -> None:
    place = hca(root) / "fw_ver"
    place.unlink()
    os.mkfifo(place)
    assert read(root)["devices"]["mlx5_0"]["fw"] == ""


def test_a_node_whose_hcas_are_gone_answers_with_none(tmp_path: Path) -> None:
    (tmp_path / "sys/class").mkdir(parents=True)
    assert read(tmp_path) == {"source": "sysfs", "devices": {}}


def test_a_node_without_sysfs_could_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="sysfs is not mounted"):
        section.read(str(tmp_path), {})


def test_what_is_read_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "sys/class/infiniband"
    for number in range(200):
        (folder / f"mlx5_{number}" / "ports" / "1").mkdir(parents=True)
    assert len(read(tmp_path)["devices"]) == 128


_PROGRAM = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True\n"
    "from onnode.probe.sections import port, pci\n"
    "print(json.dumps([port.read(sys.argv[2], {}), pci.read(sys.argv[2], {})], sort_keys=True))"
)


def test_the_oldest_python_reads_the_same(root: Path) -> None:
    write_pci(root, PciHardware.healthy())
    results = [
        subprocess.run(
            [PYTHONS[version], "-B", "-c", _PROGRAM, str(_AIFCTL), str(root)], capture_output=True, check=True
        ).stdout
        for version in dict.fromkeys([OLDEST_PYTHON, list(PYTHONS)[-1]])
    ]
    assert len(set(results)) == 1
    assert len(json.loads(results[0])[1]["devices"].split(";")) == 78
