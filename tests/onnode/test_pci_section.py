"""The pci section of the probe: which devices it reads, what of them, and what one bad file does to it."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe.sections import pci as section
from aifctl.onnode.probe.sysfs import is_address
from aifctl.onnode.probe.trouble import Trouble
from aifctl.sim.hardware.pci import Device, PciHardware, write_pci
from aifctl.sim.probing.pci_devices import devices_of

GPU, BRIDGE = "0000:1b:00.0", "0000:17:02.0"


def read(root: Path) -> Any:
    data = section.read(str(root), {})
    assert json.loads(json.dumps(data)) == data
    return devices_of(data["devices"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_pci(tmp_path, PciHardware.healthy())
    return tmp_path


def small(root: Path, *devices: Device, as_root: bool = True) -> Path:
    write_pci(root, PciHardware({one.address: one for one in devices}, as_root=as_root))
    return root


def folder_of(root: Path, address: str) -> Path:
    return root / "sys/bus/pci/devices" / address


_ROOT_PORT = Device("0000:00:01.0", ("8086", "352a", "060400", "pcieport"))
_GPU = Device("0000:01:00.0", ("10de", "2330", "030200", "nvidia"), above="0000:00:01.0")


def test_a_gpu_is_read_with_the_bridge_above_it(root: Path) -> None:
    gpu = read(root)[GPU]
    assert (gpu["vendor"], gpu["device"], gpu["class"]) == ("0x10de", "0x2330", "0x030200")
    assert (gpu["speed"], gpu["width"], gpu["speed_max"], gpu["width_max"]) == (
        "32.0 GT/s PCIe",
        "16",
        "32.0 GT/s PCIe",
        "16",
    )
    assert (gpu["up"], gpu["driver"], gpu["numa"]) == (BRIDGE, "nvidia", "0")
    assert (gpu["fatal"], gpu["nonfatal"], gpu["correctable"]) == ("0", "0", "0")
    assert gpu["head"] == "de103023"
    assert gpu["acs"] == ""


def test_every_bridge_up_to_the_root_is_read(root: Path) -> None:
    devices, path = read(root), []
    place = GPU
    while place:
        place = devices[place]["up"]
        path.append(place)
    assert path == [BRIDGE, "0000:16:00.0", "0000:15:01.0", ""]
    assert [devices[bridge]["acs"] for bridge in path[:-1]] == ["0000"] * 3


def test_devices_of_no_interest_are_left_out(tmp_path: Path) -> None:
    intel = Device("0000:02:00.0", ("8086", "1234", "020000", "ice"))
    usb = Device("0000:00:14.0", ("8086", "1bcd", "0c0330", "xhci_hcd"))
    vga = Device("0000:03:00.0", ("102b", "0536", "030000", "mgag200"))
    assert list(read(small(tmp_path, _ROOT_PORT, _GPU, intel, usb, vga))) == ["0000:00:01.0", "0000:01:00.0"]


def test_virtual_functions_beside_their_physical_one_are_left_out(tmp_path: Path) -> None:
    physical = Device("0000:02:00.0", ("15b3", "1021", "020700", "mlx5_core"))
    virtual = Device("0000:02:00.1", ("15b3", "101e", "020700", "mlx5_core"))
    small(tmp_path, physical, virtual)
    assert set(read(tmp_path)) == {"0000:02:00.0", "0000:02:00.1"}
    (folder_of(tmp_path, virtual.address) / "physfn").symlink_to("../0000:02:00.0")
    assert set(read(tmp_path)) == {"0000:02:00.0"}


def test_acs_that_is_on_is_read_from_the_control_word(tmp_path: Path) -> None:
    on = Device("0000:00:01.0", _ROOT_PORT.kind, acs=True)
    assert read(small(tmp_path, on, _GPU))["0000:00:01.0"]["acs"] == "0001"


def test_who_is_not_root_is_refused_the_rest_of_the_configuration_space(tmp_path: Path) -> None:
    bridge = read(small(tmp_path, _ROOT_PORT, _GPU, as_root=False))["0000:00:01.0"]
    assert bridge["acs"] == "!EACCES"
    assert bridge["head"] == "86802a35"


def _config(size_bytes: int, *words: tuple[int, int]) -> bytes:
    space = bytearray(size_bytes)
    for at, word in words:
        struct.pack_into("<I", space, at, word)
    return bytes(space)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (_config(256), "none"),
        (_config(4096), "none"),
        (_config(4096, (0x100, 0x1 | 0x200 << 20), (0x200, 0x0D), (0x204, 0x1F << 16)), "001f"),
        (_config(4096, (0x100, 0x1 | 0x100 << 20)), "!ELOOP"),
        (_config(4096, (0x100, 0x1 | 0xFFF << 20)), "none"),
        (_config(4096, (0x100, 0x1 | 0x40 << 20)), "none"),
        (b"\xff" * 4096, "none"),
        (b"", "!EACCES"),
        (_config(0x204, (0x100, 0x1 | 0x200 << 20), (0x200, 0x0D)), "!EIO"),
    ],
)
def test_the_list_of_capabilities_is_walked_to_its_end_and_no_further(
    config: bytes, expected: object, tmp_path: Path
) -> None:
    small(tmp_path, _ROOT_PORT, _GPU)
    (folder_of(tmp_path, "0000:00:01.0") / "config").write_bytes(config)
    assert read(tmp_path)["0000:00:01.0"]["acs"] == expected


def test_a_device_that_has_fallen_off_the_bus_reads_as_all_ones(tmp_path: Path) -> None:
    gone = Device(_GPU.address, _GPU.kind, above=_GPU.above, gone=True)
    assert read(small(tmp_path, _ROOT_PORT, gone))[_GPU.address]["head"] == "f" * 8


@pytest.mark.parametrize(
    ("name", "place"),
    [("current_link_speed", "speed"), ("numa_node", "numa"), ("config", "head")],
)
def test_a_file_that_cannot_be_read_costs_nothing_else(name: str, place: str, tmp_path: Path) -> None:
    file = folder_of(small(tmp_path, _ROOT_PORT, _GPU), _GPU.address) / name
    before = read(tmp_path)
    file.unlink()
    file.mkdir()
    after = read(tmp_path)
    assert after[_GPU.address].pop(place) == "!EISDIR"
    del before[_GPU.address][place]
    assert after == before


@pytest.mark.parametrize("said", ["a|b", "a;b", "!EACCES"])
def test_a_text_that_would_not_fit_into_a_row_costs_nothing_else(said: str, tmp_path: Path) -> None:
    folder = folder_of(small(tmp_path, _ROOT_PORT, _GPU), _GPU.address)
    before = read(tmp_path)
    (folder / "numa_node").write_text(f"{said}\n")
    after = read(tmp_path)
    assert after[_GPU.address].pop("numa") == "!EILSEQ"
    del before[_GPU.address]["numa"]
    assert after == before


def test_files_that_are_not_there_say_so(tmp_path: Path) -> None:
    folder = folder_of(small(tmp_path, _ROOT_PORT, _GPU), _GPU.address)
    (folder / "aer_dev_fatal").unlink()
    (folder / "driver").unlink()
    gpu = read(tmp_path)[_GPU.address]
    assert gpu["fatal"] == "!ENOENT"
    assert gpu["driver"] == ""


def test_a_folder_that_is_no_link_has_no_path(tmp_path: Path) -> None:
    device = tmp_path / "sys/bus/pci/devices" / GPU
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x10de\n")
    (device / "class").write_text("0x030200\n")
    assert read(tmp_path)[GPU]["up"] == "!EINVAL"


def test_without_sysfs_the_bus_could_not_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="/sys/bus/pci/devices can't be listed"):
        section.read(str(tmp_path), {})


def test_strange_names_in_the_folder_are_passed_over(root: Path) -> None:
    before = read(root)
    for name in ("..hidden", "0000:1b:00", "zzzz:1b:00.0", os.fsdecode(b"\xff\xfe")):
        (root / "sys/bus/pci/devices" / name).mkdir()
    assert read(root) == before


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0000:1b:00.0", True),
        ("10000:e1:00.0", True),
        ("000:1b:00.0", False),
        ("0000:1B:00.0", False),
        ("0000:1b:00.00", False),
        ("pci0000:15", False),
        ("0000.1b:00.0", False),
        ("0000:1b:00:0", False),
        ("", False),
    ],
)
def test_addresses_are_known_by_their_form(name: str, expected: bool) -> None:
    assert is_address(name) is expected
