"""The gpu section: what it makes of GPUs that are lost, drivers that are old, missing or hang, and answers that are none."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pynvml
import pytest

from aifctl.onnode.probe.nvidia_devices import pci_addresses, same_address
from aifctl.onnode.probe.nvml_asking import TOO_OLD
from aifctl.onnode.probe.nvml_fields import FIELDS
from aifctl.onnode.probe.sections import gpu
from aifctl.onnode.probe.trouble import NotHere, Trouble
from aifctl.sim.hardware.gpus import GpuHardware
from tests.onnode.gpu_nodes import node_in, plant_devices, plant_node, read
from tests.onnode.probes import LITTLE_S, answers, section

ONNODE = Path(gpu.__file__).parents[2]


def address_of(told: dict[str, Any]) -> str:
    return same_address(told["pci"][0]) if "pci" in told else str(told.get("address", ""))


# ── GPUs that are gone ──


def test_a_lost_gpu_is_listed_where_it_is_and_the_others_are_read(tmp_path: Path) -> None:
    node = node_in("one lost")
    data = read(node, plant_node(tmp_path, node))
    assert [told.get("!") for told in data["gpus"]] == [None, None, 15, None, None, None, None, None]
    assert [address_of(told) for told in data["gpus"]] == node.addresses()
    assert all("processes" in told for told in data["gpus"] if "!" not in told)


def test_of_several_lost_gpus_each_has_a_place_of_its_own(tmp_path: Path) -> None:
    node = node_in("all lost")
    data = read(node, plant_node(tmp_path, node))
    assert sorted(address_of(told) for told in data["gpus"]) == node.addresses()


def test_an_excluded_gpu_does_not_lend_its_place_to_a_lost_one(tmp_path: Path) -> None:
    node = node_in("one excluded and one lost")
    data = read(node, plant_node(tmp_path, node))
    assert data["excluded"] == 1
    assert [address_of(told) for told in data["gpus"]] == [same_address(board.bus) for board in node.boards]


def test_a_gpu_that_only_the_kernel_knows_does_not_lend_its_place_to_a_lost_one(tmp_path: Path) -> None:
    node = node_in("one lost")
    root = plant_devices(plant_node(tmp_path, node), ["0000:03:00.0"])
    assert [address_of(told) for told in read(node, root)["gpus"]] == node.addresses()


def test_a_lost_gpu_has_no_place_where_the_kernel_has_forgotten_it_too(tmp_path: Path) -> None:
    node = node_in("one lost")
    rest = [board.bus for board in node.boards if not board.handle_error]
    data = read(node, plant_devices(tmp_path, map(same_address, rest)))
    assert [address_of(told) for told in data["gpus"]][2] == ""


def test_a_gpu_that_falls_off_the_bus_while_it_is_read_is_asked_who_it_is_and_no_more(tmp_path: Path) -> None:
    node = node_in("one lost while it is read")
    nvml = node.nvml()
    told = gpu.read(str(plant_node(tmp_path, node)), {"nvml": nvml})["gpus"][7]
    assert address_of(told) == "0000:df:00.0"
    assert told["serial"] == node.boards[7].serial
    assert told["fields"] == {"!": 15}
    assert "temp" not in told
    assert nvml.asked.count("nvmlDeviceGetPowerUsage") == 7


def test_one_that_answers_all_but_where_it_is_is_placed_and_two_are_not(tmp_path: Path) -> None:
    node = GpuHardware.healthy()
    root = plant_node(tmp_path, node)
    node.boards[4].errors["nvmlDeviceGetPciInfo_v3"] = 999
    assert [address_of(told) for told in read(node, root)["gpus"]] == node.addresses()
    node.boards[6].errors["nvmlDeviceGetPciInfo_v3"] = 999
    assert [at for at, told in enumerate(read(node, root)["gpus"]) if not address_of(told)] == [4, 6]


def test_gpus_are_read_by_address_where_nvml_can_not_count_them(tmp_path: Path) -> None:
    node = node_in("no count")
    data = read(node, plant_node(tmp_path, node))
    assert data["count"] == {"!": 999}
    assert [told["serial"] for told in data["gpus"]] == [board.serial for board in node.boards]


# ── the order and the cost ──


def test_processes_are_asked_for_last_and_throughput_never(tmp_path: Path) -> None:
    nvml = node_in("healthy on R590").nvml()
    gpu.read(str(tmp_path), {"nvml": nvml})
    asked = [name for name in nvml.asked if name.startswith("nvmlDevice")]
    assert asked[-1] == "nvmlDeviceGetComputeRunningProcesses_v3"
    assert asked.count(asked[-1]) == 8
    assert "nvmlDeviceGetPcieThroughput" not in asked


def test_every_answer_of_nvml_is_a_beat(tmp_path: Path) -> None:
    nvml, beats = node_in("healthy on R590").nvml(), []
    gpu.read(str(tmp_path), {"nvml": nvml}, lambda *words: beats.append(words))
    assert len(beats) >= len(nvml.asked)
    assert set(beats) == {()}


def test_silence_begins_where_the_driver_hangs(tmp_path: Path) -> None:
    class HungError(Exception):
        pass

    def hang() -> None:
        raise HungError

    node, beats = node_in("healthy on R590"), []
    node.hang(hang, "nvmlDeviceGetFieldValues")
    nvml = node.nvml()
    told = gpu.read(str(tmp_path), {"nvml": nvml}, lambda: beats.append(len(nvml.asked)))
    assert nvml.asked.index("nvmlDeviceGetFieldValues") in beats  # all before it has been answered, it not yet
    assert told["gpus"][0]["fields"] == {"!": "HungError"}


@pytest.mark.parametrize("function", ["nvmlInit", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetPowerUsage"])
def test_a_driver_that_hangs_is_a_result_of_its_own(function: str) -> None:
    node = node_in("healthy on R590")
    node.hang(signal.pause, function)
    hung = section("gpu", gpu.read, gpu.LIMIT_S, silence_s=LITTLE_S, slow_limit_s=gpu.SLOW_LIMIT_S)
    told = answers([hung], arguments={"nvml": node.nvml()})["gpu"]
    assert (told["status"], told["code"]) == ("timeout", "driver-hung")


def test_a_node_of_eight_takes_a_few_kilobytes(tmp_path: Path) -> None:
    node = node_in("healthy on R590")
    text = json.dumps(read(node, plant_node(tmp_path, node)), separators=(",", ":"))
    assert len(zlib.compress(text.encode())) < 5000


# ── drivers of every age ──


def test_an_old_driver_is_asked_in_its_own_words(tmp_path: Path) -> None:
    data = read(node_in("healthy on R535"), tmp_path)
    told = data["gpus"][0]
    assert told["temp"] == node_in("healthy on R535").boards[0].temperature_c
    assert told["fabric"] == [3, 0, 0]
    assert told["sram"] == {"!": 13}
    assert told["sram_old"] == [0, 0, 0, 0]
    assert told["margin"] == {"!": 13}
    assert told["fields"]["230"] == {"!": 2}


def test_the_second_structure_is_taken_where_the_driver_does_not_know_the_third(tmp_path: Path) -> None:
    assert read(node_in("healthy on R550"), tmp_path)["gpus"][0]["fabric"] == [3, 0, 0, 0]


def test_fields_are_asked_one_by_one_where_one_spoils_the_batch(tmp_path: Path) -> None:
    node = node_in("healthy on R580")
    nvml = node.nvml()
    ask = nvml._field_values

    def picky(board: Any, wanted: Any) -> Any:
        if len(wanted) > 1 and 230 in wanted:
            raise pynvml.NVMLError(2)
        return ask(board, wanted)

    nvml._field_values = picky  # type: ignore[method-assign]
    told = gpu.read(str(tmp_path), {"nvml": nvml})["gpus"][0]
    assert told["fields"] == read(node, tmp_path)["gpus"][0]["fields"]
    assert set(told["fields"]) == {str(field) for field in FIELDS}


# ── no driver, another driver, nothing at all ──


def test_no_driver_and_no_gpu_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        read(node_in("driver not loaded"), tmp_path)


def test_no_driver_for_gpus_that_are_there_is_trouble(tmp_path: Path) -> None:
    node = node_in("driver not loaded")
    with pytest.raises(Trouble) as caught:
        read(node, plant_node(tmp_path, node))
    assert caught.value.code == "no-driver"
    assert "8 NVIDIA GPU(s)" in caught.value.message


@pytest.mark.parametrize(
    ("code", "expected"), [(18, "library-mismatch"), (4, "denied"), (999, "failed"), (15, "failed")]
)
def test_nvml_that_does_not_start_says_why(code: int, expected: str, tmp_path: Path) -> None:
    node = GpuHardware.healthy()
    node.errors["nvmlInit"] = code
    with pytest.raises(Trouble) as caught:
        read(node, plant_node(tmp_path, node))
    assert caught.value.code == expected


# ── nvidia-smi instead ──


def plant_tool(root: Path, script: str) -> GpuHardware:
    """Put a nvidia-smi under the root; no library to load."""
    path = root / "usr/bin/nvidia-smi"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    node = GpuHardware.healthy()
    node.remove_library()
    return node


def test_the_text_of_nvidia_smi_stands_in_for_the_library(tmp_path: Path) -> None:
    text = "<nvidia_smi_log><gpu><serial>1</serial></gpu></nvidia_smi_log>"
    node, beats = plant_tool(tmp_path, f"[ \"$*\" = '-q -x' ] && echo '{text}'; exit 14"), []
    data = read(node, tmp_path, lambda *words: beats.append(words))
    said = zlib.decompress(base64.b64decode(data["xml"])).decode()
    assert said == f"{text}\n"
    assert (data["source"], data["rc"]) == ("nvidia-smi-xml", 14)
    assert beats[-1] == ("nvidia-smi",)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18", "library-mismatch"),
        ("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 1", "library-mismatch"),
        ("echo 'NVIDIA-SMI has failed'; exit 9", "no-driver"),
        ("exit 12", "library-missing"),
        ("printf '\\377\\033[31m'; exit 4", "denied"),
        ("exit 0", "failed"),
        ("kill -9 $$", "failed"),
    ],
)
def test_nvidia_smi_that_prints_no_xml_is_trouble(script: str, code: str, tmp_path: Path) -> None:
    plant_devices(tmp_path, ["0000:1b:00.0"])
    with pytest.raises(Trouble) as caught:
        read(plant_tool(tmp_path, script), tmp_path)
    assert caught.value.code == code


def test_nvidia_smi_without_a_driver_and_without_a_gpu_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotHere):
        read(plant_tool(tmp_path, "exit 9"), tmp_path)


def test_nvidia_smi_that_does_not_come_back_is_a_hung_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "SLOW_LIMIT_S", 1.1)
    with pytest.raises(Trouble) as caught:
        read(plant_tool(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600"), tmp_path)
    assert caught.value.code == "driver-hung"
    ended = subprocess.run(["kill", "-0", (tmp_path / "pid").read_text().strip()], check=False, capture_output=True)
    assert ended.returncode != 0 or "Z" in Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/stat").read_text()


def test_nvidia_smi_without_end_is_cut(tmp_path: Path) -> None:
    data = read(plant_tool(tmp_path, "echo '<nvidia_smi_log>'; exec cat /dev/zero"), tmp_path)
    assert len(zlib.decompress(base64.b64decode(data["xml"]))) <= (8 << 20) + 65536


def test_neither_library_nor_tool_is_named_where_there_are_gpus(tmp_path: Path) -> None:
    node = GpuHardware.healthy()
    node.remove_library()
    with pytest.raises(NotHere):
        read(node, tmp_path)
    with pytest.raises(Trouble) as caught:
        read(node, plant_node(tmp_path, node))
    assert caught.value.code == "library-missing"


# ── answers that are none ──


def functions() -> list[str]:
    """Return every function that the section calls of a healthy node, and those that it falls back on."""
    names = set()
    for state in ("healthy on R590", "healthy on R535", "three links down", "one excluded and one lost"):
        nvml = node_in(state).nvml()
        gpu.read("/nonexistent", {"nvml": nvml})
        names |= set(nvml.asked)
    return sorted(names - {"nvmlInit"})


@pytest.mark.parametrize("function", functions())
@pytest.mark.parametrize("code", [2, 3, 4, 10, 13, 14, 16, 25, 26, 999, 12345])
def test_no_answer_costs_more_than_itself(function: str, code: int, tmp_path: Path) -> None:
    node = node_in("three links down")
    node.errors[function] = code
    root = plant_node(tmp_path, node)
    data = read(node, root)
    if function != "nvmlDeviceGetHandleByIndex":
        assert [told["uuid"] for told in data["gpus"] if "uuid" in told][1:] or function == "nvmlDeviceGetUUID"
        assert {len(told) > 40 for told in data["gpus"]} == {True}
    placeless = function == "nvmlDeviceGetPciInfo_v3" and code not in TOO_OLD  # nobody knows which of them is where
    assert [address_of(told) for told in data["gpus"]] == ([""] * 8 if placeless else node.addresses())
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize("bad", [b"\xff\xfe\x00", "x" * 5000, UnicodeDecodeError("utf-8", b"", 0, 1, ""), OSError("x")])
def test_a_text_that_is_none_is_that_answers_loss_alone(bad: Any, tmp_path: Path) -> None:
    class Garbled:
        """A module whose serial numbers are not what they should be."""

        def __init__(self) -> None:
            self._real = node_in("healthy on R590").nvml()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def nvmlDeviceGetSerial(self, handle: Any) -> Any:  # noqa: N802, ARG002 - as the bindings have it
            if isinstance(bad, Exception):
                raise bad
            return bad

    data = gpu.read(str(tmp_path), {"nvml": Garbled()})
    assert len(json.dumps(data["gpus"][0]["serial"])) < 210
    assert data["gpus"][0]["uuid"] == node_in("healthy on R590").boards[0].uuid


# ── the kernel's view ──


def test_nvidia_switches_and_other_vendors_cards_are_no_gpus(tmp_path: Path) -> None:
    node = node_in("healthy on R590")
    assert pci_addresses(str(plant_node(tmp_path, node))) == node.addresses()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00000000:1B:00.0", "0000:1b:00.0"),
        ("00010000:1B:00.0", "10000:1b:00.0"),
        ("0000:1b:00.0", "0000:1b:00.0"),
        ("nonsense", ""),
        ("zz:00:00.0", ""),
    ],
)
def test_addresses_are_written_as_sysfs_does(text: str, expected: str) -> None:
    assert same_address(text) == expected


# ── what it may be made of ──


def test_the_probe_stays_within_python_3_6() -> None:
    command = [str(Path(sys.executable).with_name("vermin")), "-t=3.6-", "--no-tips", "--violations", str(ONNODE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_reading_through_nvml_starts_no_process_and_loads_nothing_for_it() -> None:
    code = "import sys, probe.sections.gpu; print(sorted({'subprocess', 'typing', 'pynvml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ONNODE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.gpu
def test_real_hardware_is_read() -> None:
    if not Path("/dev/nvidiactl").exists():
        pytest.skip("there is no NVIDIA driver on this machine (/dev/nvidiactl)")
    data = gpu.read("/", {})
    assert data["source"] == "nvml"
    assert data["gpus"]
    assert all(str(told["uuid"]).startswith("GPU-") for told in data["gpus"])
