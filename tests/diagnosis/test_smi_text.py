from __future__ import annotations

from dataclasses import replace

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import GpuProcess
from aifctl.diagnosis.smi_text import parse_smi_text
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.smi_texts import ADDRESS, healthy, text, xml

H100 = text(healthy(), healthy())


def test_the_plain_text_tells_what_the_xml_does() -> None:
    assert parse_smi_text(H100) == replace(parse_smi_xml(xml(healthy(), healthy())), source="nvidia-smi-text")


@pytest.mark.parametrize(
    "changed",
    [
        {"clocks_event_reasons__clocks_event_reason_hw_power_brake_slowdown": "Active"},
        {"remapped_rows__remapped_row_pending": "Yes", "remapped_rows__remapped_row_unc": "4"},
        {"gpu_recovery_action": "Drain and Reset"},
        {"temperature__gpu_temp": "GPU is lost"},
        {"fabric__state": "In Progress", "fabric__health__route_unhealthy": "True"},
        {"ecc_errors__aggregate__sram_threshold_exceeded": "Yes"},
    ],
)
def test_a_fault_reads_the_same_in_both_formats(changed: dict[str, str]) -> None:
    there = parse_smi_xml(xml(healthy(**changed))).gpus
    assert parse_smi_text(text(healthy(**changed))).gpus == there
    assert there != parse_smi_xml(xml(healthy())).gpus


def test_reasons_below_hw_slowdown_are_told_apart_from_it() -> None:
    words = healthy(clocks_event_reasons__clocks_event_reason_hw_thermal_slowdown="Active")
    assert parse_smi_text(text(words)).gpus[0].throttle_reasons == 0x41
    old = text(words).replace("Clocks Event Reasons\n", "Clocks Throttle Reasons\n")
    assert parse_smi_text(old).gpus[0].throttle_reasons == 0x41


def test_processes_are_listed() -> None:
    listed = (
        "    Processes\n        GPU instance ID                   : N/A\n"
        "        Process ID                        : 11327\n            Type                          : C\n"
        "            Name                          : python3 -c 'a : b'\n"
        "            Used GPU Memory               : 2566 MiB\n"
        "        Process ID                        : 11345\n            Type                          : G\n"
        "            Name                          : Xorg\n            Used GPU Memory               : 1 MiB\n"
    )
    lines = text(healthy()).splitlines(keepends=True)
    running = "".join(listed if line.startswith("    Processes") else line for line in lines)
    found = parse_smi_text(running).gpus[0].processes
    assert found == (GpuProcess(pid=11327, name="python3 -c 'a : b'", memory_bytes=2566 << 20),)


def test_windows_line_ends_and_what_stands_around_the_log_change_nothing() -> None:
    around = f"ops@node:~$ nvidia-smi -q\n{H100}ops@node:~$ exit\n    Serial Number     : 1\n"
    assert parse_smi_text(around) == parse_smi_text(H100)
    assert parse_smi_text(H100.replace("\n", "\r\n")) == parse_smi_text(H100)
    assert parse_smi_text("\ufeff" + H100) == parse_smi_text(H100)
    assert parse_smi_text(H100.encode()) == parse_smi_text(H100)


def test_of_several_looks_the_last_one_holds() -> None:
    hot = text(healthy(temperature__gpu_temp="80 C"), healthy())
    assert parse_smi_text(H100 + hot) == parse_smi_text(hot)


def test_a_gpu_that_nvidia_smi_could_not_get_hold_of_is_lost_and_the_others_are_told() -> None:
    said = "Unable to determine the device handle for GPU 0000:5D:00.0: GPU is lost.  Reboot the system to recover this GPU\n"
    section = parse_smi_text(said + text(healthy(), attached=2))
    assert [(gpu.pci_address, gpu.lost) for gpu in section.gpus] == [("0000:1b:00.0", False), ("0000:5d:00.0", True)]


def test_chosen_parts_alone_leave_the_rest_missing() -> None:
    words = {path: word for path, word in healthy().items() if path.startswith("remapped_rows")}
    (gpu,) = parse_smi_text(text(words)).gpus
    assert (gpu.remap_pending, gpu.remap_failure) == (False, False)
    assert gpu.sram_threshold_exceeded is gpu.processes is gpu.serial is Absent.MISSING


@pytest.mark.parametrize("lost_lines", range(2, 30))
def test_a_text_that_ends_before_its_last_gpu_does_is_unreadable(lost_lines: int) -> None:
    lines = H100.rstrip("\n").splitlines()
    with pytest.raises(UnreadableError):
        parse_smi_text("\n".join(lines[:-lost_lines]) + "\n")


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "no log at all",
        "==============NVSMI LOG==============\n",
        text(healthy(), attached=8),
        text(*[healthy()] * 65),
        text(healthy(), healthy(), addresses=[ADDRESS, ADDRESS]),
        text(healthy(), healthy()).split("GPU 00000000:1C")[0],
        "=NVSMI LOG=\nGPU 00000000:1B:00.0\n" + "".join(f"{' ' * depth}x{depth}\n" for depth in range(1, 12)),
        "=NVSMI LOG=\nGPU 00000000:1B:00.0\n" + "".join(f"    x{number} : 1\n" for number in range(5000)),
    ],
)
def test_what_is_cut_or_garbled_is_unreadable(garbled: str) -> None:
    with pytest.raises(UnreadableError):
        parse_smi_text(garbled)


def test_a_last_line_without_an_end_is_not_believed() -> None:
    words = {path: word for path, word in healthy().items() if path == "serial"}
    assert parse_smi_text(text(words).rstrip("\n")[:-4]).gpus[0].serial is Absent.MISSING


def test_a_text_of_an_older_driver_may_have_lost_its_last_line_end() -> None:
    words = {path: word for path, word in healthy().items() if not path.startswith("capabilities")}
    assert parse_smi_text(text(words).rstrip("\n")) == parse_smi_text(text(words))
