from __future__ import annotations

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import NvLink
from aifctl.diagnosis.smi_nvlink import parse_smi_list, parse_smi_nvlink
from aifctl.diagnosis.unreadable import UnreadableError


def gpu_line(index: int) -> str:
    return f"GPU {index}: NVIDIA H100 80GB HBM3 (UUID: GPU-00000000-0000-0000-0000-00000000000{index})\n"


def links(*said: str) -> str:
    return "".join(f"\t Link {number}: {one}\n" for number, one in enumerate(said))


EIGHTEEN = links(*["26.562 GB/s"] * 18)


def test_links_that_are_up_have_their_rate() -> None:
    section = parse_smi_nvlink(gpu_line(0) + EIGHTEEN + gpu_line(1) + EIGHTEEN)
    assert section.source == "nvlink-s"
    assert [(gpu.index, gpu.uuid) for gpu in section.gpus] == [
        (0, "GPU-00000000-0000-0000-0000-000000000000"),
        (1, "GPU-00000000-0000-0000-0000-000000000001"),
    ]
    up = tuple(NvLink(index=number, active=True, rate_gbytes_s=26.562) for number in range(18))
    assert [gpu.nvlinks for gpu in section.gpus] == [up, up]
    assert section.gpus[0].serial is section.gpus[0].remap_failure is Absent.MISSING


@pytest.mark.parametrize("word", ["<inactive>", "inactive", "0.000 GB/s"])
def test_a_link_that_is_down_is_not_active(word: str) -> None:
    section = parse_smi_nvlink(gpu_line(0) + links("26.562 GB/s", word, "26.562 GB/s"))
    found = section.gpus[0].nvlinks
    assert isinstance(found, tuple)
    assert [link.active for link in found] == [True, False, True]
    assert found[1].rate_gbytes_s is Absent.NOT_AVAILABLE


def test_a_link_that_could_not_be_asked_has_the_reason() -> None:
    found = parse_smi_nvlink(gpu_line(0) + links("26.562 GB/s", "Unknown Error")).gpus[0].nvlinks
    assert isinstance(found, tuple)
    assert found[1].active is Absent.ERROR


@pytest.mark.parametrize("word", ["inactive", "inActive"])
def test_all_links_inactive_is_never_a_gpu_without_links(word: str) -> None:
    said = f"NVML: Unable to retrieve NVLink information as all links are {word}\n"
    section = parse_smi_nvlink(gpu_line(6) + said)
    assert section.gpus[0].nvlinks == (NvLink(index=0, active=False, rate_gbytes_s=Absent.NOT_AVAILABLE),)
    assert parse_smi_nvlink((gpu_line(6) + said).removesuffix("\n")) == section


def test_a_link_that_is_left_out_is_missing() -> None:
    lines = (gpu_line(0) + EIGHTEEN).splitlines(keepends=True)
    found = parse_smi_nvlink("".join(line for line in lines if "Link 7:" not in line)).gpus[0].nvlinks
    assert isinstance(found, tuple)
    assert [link.index for link in found if link.active is Absent.MISSING] == [7]
    shorter = gpu_line(0) + links(*["26.562 GB/s"] * 17) + gpu_line(1) + EIGHTEEN
    found = parse_smi_nvlink(shorter).gpus[0].nvlinks
    assert isinstance(found, tuple)
    assert [link.index for link in found if link.active is Absent.MISSING] == [17]


def test_a_gpu_with_nothing_below_it_has_missing_links() -> None:
    assert parse_smi_nvlink(gpu_line(0) + gpu_line(1) + EIGHTEEN).gpus[0].nvlinks is Absent.MISSING


def test_error_counters_are_summed_over_the_links_that_all_tell_them() -> None:
    told = "".join(
        f"\t Link {link}: {kind} Errors: {link + more}\n"
        for link in range(3)
        for kind, more in (("Replay", 0), ("Recovery", 10), ("CRC", 100))
    )
    gpu = parse_smi_nvlink(gpu_line(0) + told).gpus[0]
    assert (gpu.nvlink_replay_count, gpu.nvlink_recovery_count, gpu.nvlink_crc_count) == (3, 33, 303)
    gpu = parse_smi_nvlink(gpu_line(0) + told.replace("\t Link 1: CRC Errors: 101\n", "")).gpus[0]
    assert gpu.nvlink_crc_count is Absent.MISSING
    assert gpu.nvlink_replay_count == 3


@pytest.mark.parametrize(
    "garbled",
    [
        "",
        "hello\n",
        gpu_line(0),
        gpu_line(0) + EIGHTEEN + gpu_line(1) + links("26.562 GB/s"),
        gpu_line(0) + EIGHTEEN + gpu_line(1),
        (gpu_line(0) + EIGHTEEN)[:-4],
        (gpu_line(0) + EIGHTEEN)[:-20],
        gpu_line(0) + links("26.562 TB/s"),
        EIGHTEEN,
        "".join(gpu_line(number % 10) for number in range(65)) + EIGHTEEN,
    ],
)
def test_what_is_cut_or_garbled_is_unreadable(garbled: str) -> None:
    with pytest.raises(UnreadableError):
        parse_smi_nvlink(garbled)


def test_a_list_of_gpus_is_who_they_are() -> None:
    mig = "  MIG 1g.10gb     Device  0: (UUID: MIG-00000000-0000-0000-0000-000000000009)\n"
    section = parse_smi_list(gpu_line(0) + mig + gpu_line(1))
    assert (section.source, [gpu.index for gpu in section.gpus]) == ("nvidia-smi-L", [0, 1])
    assert {gpu.name for gpu in section.gpus} == {"NVIDIA H100 80GB HBM3"}
    assert section.told_count == 2
    lost = "Unable to determine the device handle for gpu 0000:5D:00.0: GPU is lost.  Reboot the system\n"
    assert [gpu.lost for gpu in parse_smi_list(lost + gpu_line(0)).gpus] == [True, False]
    with pytest.raises(UnreadableError):
        parse_smi_list(gpu_line(0)[:30])
    with pytest.raises(UnreadableError):
        parse_smi_list("nothing\n")
