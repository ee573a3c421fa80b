from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.reading import SectionName, SectionStatus
from aifctl.diagnosis.recognising import reading_of_text, recognise
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.capture_cases import FOLDER, reading_of_capture
from tests.diagnosis.smi_texts import csv, healthy, text, xml
from tests.fuzzing import examples

GPU_LINE = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-00000000-0000-0000-0000-000000000000)\n"
LSPCI = "1b:00.0 3D controller [0302]: NVIDIA Corporation GH100 [H100 SXM5 80GB] [10de:2330] (rev a1)\n"
IBSTAT = (
    "CA 'mlx5_0'\n\tCA type: MT4129\n\tNumber of ports: 1\n\tFirmware version: 28.39.1002\n\tHardware version: 0\n"
    "\tNode GUID: 0xb83fd20300000000\n\tSystem image GUID: 0xb83fd20300000000\n\tPort 1:\n\t\tState: Active\n"
    "\t\tPhysical state: LinkUp\n\t\tRate: 400\n\t\tBase lid: 5\n\t\tLMC: 0\n\t\tSM lid: 1\n"
    "\t\tCapability mask: 0xa651e848\n\t\tPort GUID: 0xb83fd20300000000\n\t\tLink layer: InfiniBand\n"
)
KINDS = {
    "nvidia-smi-xml": xml(healthy()),
    "nvidia-smi-text": text(healthy()),
    "nvidia-smi-csv": csv({"index": "0", "pci.bus_id": "00000000:1B:00.0", "pstate": "P0"}),
    "nvlink-s": GPU_LINE + "\t Link 0: 26.562 GB/s\n",
    "nvidia-smi-L": GPU_LINE,
    "nvidia-smi-failure": "Failed to initialize NVML: Driver/library version mismatch\n",
    "ibstat": IBSTAT,
    "lspci": LSPCI,
}


@pytest.mark.parametrize(("kind", "made"), KINDS.items())
def test_a_text_is_recognised_by_what_stands_in_it(kind: str, made: str) -> None:
    for data in (made.encode(), gzip.compress(made.encode()), b"\xef\xbb\xbf" + made.replace("\n", "\r\n").encode()):
        found = recognise(data)
        assert found.kind == kind
        reading = found.parse()
        assert set(reading.ends) == {found.section}
        assert (reading.probe, reading.node) == (kind, "")


def test_a_reading_has_the_section_that_the_text_is_of_and_no_other() -> None:
    reading = reading_of_text(KINDS["nvidia-smi-xml"].encode())
    assert reading.end(SectionName.GPU).status is SectionStatus.OK
    assert reading.gpu is not None
    assert (reading.port, reading.pci, reading.kernel, reading.host) == (None, None, None, None)
    assert reading.end(SectionName.PORT).status is SectionStatus.ABSENT
    port = reading_of_text(IBSTAT.encode())
    assert port.port is not None
    assert port.gpu is None


def test_a_refusal_is_how_the_section_ended() -> None:
    reading = reading_of_text(KINDS["nvidia-smi-failure"].encode())
    end = reading.end(SectionName.GPU)
    assert (end.status, end.code, reading.gpu) == (SectionStatus.ERROR, "library-mismatch", None)


def test_no_devices_and_a_lost_one_are_evidence() -> None:
    none = reading_of_text(b"No devices were found\n").gpu
    assert none is not None
    assert (none.told_count, none.gpus) == (0, ())
    said = b"Unable to determine the device handle for GPU 0000:5D:00.0: GPU is lost.  Reboot the system to recover\n"
    lost = reading_of_text(said).gpu
    assert lost is not None
    assert [(gpu.pci_address, gpu.lost) for gpu in lost.gpus] == [("0000:5d:00.0", True)]


@pytest.mark.parametrize("kind", ["nvidia-smi-xml", "nvidia-smi-text"])
def test_a_cut_text_is_a_section_that_could_not_be_read(kind: str) -> None:
    reading = reading_of_text(KINDS[kind][: len(KINDS[kind]) // 2].encode())
    end = reading.end(SectionName.GPU)
    assert (end.status, end.code, reading.gpu) == (SectionStatus.ERROR, "garbled", None)
    assert "cut" in end.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello\n",
        b"{}",
        b"\x00" * 4096,
        gzip.compress(b"hello"),
        gzip.compress(KINDS["nvidia-smi-xml"].encode())[:-200],
        b"\x1f\x8b garbage",
    ],
)
def test_what_is_not_known_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        reading_of_text(data)


def test_the_summary_is_refused_with_the_way_out() -> None:
    with pytest.raises(UnreadableError, match="nvidia-smi -q -x"):
        recognise(b"+-----+\n| NVIDIA-SMI 580.95.05   Driver Version: 580.95.05   CUDA Version: 13.0 |\n")


def test_a_bomb_is_not_inflated_to_its_end() -> None:
    with pytest.raises(UnreadableError, match="longer"):
        recognise(gzip.compress(b"\0" * (70 << 20)))


@given(st.sampled_from(sorted(KINDS)), st.data())
@settings(max_examples=examples(200), deadline=None)
def test_a_spoilt_text_raises_nothing_but_unreadable(kind: str, data: st.DataObject) -> None:
    whole = KINDS[kind].encode()
    at = data.draw(st.integers(0, len(whole)))
    spoilt = whole[:at] + data.draw(st.binary(max_size=30)) + whole[at + data.draw(st.integers(0, 60)) :]
    try:
        reading = reading_of_text(spoilt)
    except UnreadableError:
        return
    assert reading.ends


@pytest.mark.captures
@pytest.mark.parametrize(
    ("folder", "kinds"),
    [
        ("nvidia-smi", {"nvidia-smi-xml", "nvidia-smi-text", "nvidia-smi-csv", "nvlink-s"}),
        ("ib", {"ibstat"}),
        ("pci", {"lspci"}),
    ],
)
def test_captures_are_recognised_whatever_they_are_called(folder: str, kinds: set[str], tmp_path: Path) -> None:
    files = sorted((FOLDER / folder).glob("*")) if FOLDER.exists() else []
    if not files:
        pytest.skip(f"there is no {FOLDER / folder}; AIFCTL_CAPTURES names the folder of captures")
    for file in files:
        if ".tar." not in file.name:
            assert reading_of_capture(f"{folder}/{file.name}", tmp_path).probe in kinds
