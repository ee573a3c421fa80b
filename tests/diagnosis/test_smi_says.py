from __future__ import annotations

import pytest

from aifctl.diagnosis.reading import SectionStatus
from aifctl.diagnosis.smi_says import parse_smi_failure
from tests.diagnosis.smi_texts import healthy, text, xml


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (
            "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 580.95\n",
            "library-mismatch",
        ),
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that it is there.\n",
            "no-driver",
        ),
        ("No devices were found\n", "no-devices"),
        (
            "Unable to determine the device handle for GPU 0000:5D:00.0: GPU is lost.  Reboot the system to recover\n",
            "gpu-lost",
        ),
        ("Unable to determine the device handle for GPU0000:5D:00.0: Unknown Error\n", "gpu-lost"),
        (
            "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that it is there.\n",
            "library-missing",
        ),
        ("Failed to initialize NVML: Insufficient Permissions\n", "denied"),
        ("Failed to initialize NVML: Unknown Error\n", "failed"),
        ('Field "banana" is not a valid field to query.\n\n', "unknown-field"),
        ("bash: nvidia-smi: command not found\n", "no-driver"),
    ],
)
def test_a_refusal_has_a_code_and_the_sentence(said: str, code: str) -> None:
    end = parse_smi_failure(said)
    assert end is not None
    assert (end.status, end.code) == (SectionStatus.ERROR, code)
    assert end.message == said.partition("\n")[0].strip()
    assert parse_smi_failure(said.encode()) == end


@pytest.mark.parametrize(
    "text_",
    ["", "all is well", text(healthy()), xml(healthy(serial="GPU is lost")), "ok\n" * 30 + "No devices were found\n"],
)
def test_what_is_no_refusal_has_none(text_: str) -> None:
    assert parse_smi_failure(text_) is None


def test_a_refusal_is_printable() -> None:
    end = parse_smi_failure("No devices were found \x1b[2J\n")
    assert end is not None
    assert end.message == "No devices were found \\x1b[2J"
