"""The gpu section's data, told by NVML or by nvidia-smi."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from aifctl.diagnosis.gpu_data import parse_gpu_data
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.onnode.probe.sections import gpu as section
from tests.onnode.gpu_nodes import node_in

_XML = """<?xml version="1.0" ?>
<nvidia_smi_log>
 <driver_version>550.127.08</driver_version>
 <attached_gpus>1</attached_gpus>
 <gpu id="00000000:1B:00.0"><product_name>NVIDIA H100 80GB HBM3</product_name><serial>1650000000001</serial></gpu>
</nvidia_smi_log>
"""


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data, 9)).decode()


def test_what_nvml_told_is_read() -> None:
    data = json.loads(json.dumps(section.read("/nonexistent", {"nvml": node_in("healthy on R590").nvml()})))
    assert parse_gpu_data(data).source == "nvml"
    assert len(parse_gpu_data(data).gpus) == 8


def test_the_text_of_nvidia_smi_is_read() -> None:
    found = parse_gpu_data({"source": "nvidia-smi-xml", "xml": packed(_XML.encode()), "rc": 0})
    assert (found.source, found.driver_version, found.told_count) == ("nvidia-smi-xml", "550.127.08", 1)
    assert [(gpu.pci_address, gpu.serial) for gpu in found.gpus] == [("0000:1b:00.0", "1650000000001")]


@pytest.mark.parametrize(
    "xml",
    [
        None,
        1,
        "",
        "no base64 at all",
        "é",
        base64.b64encode(b"not deflated").decode(),
        base64.b64encode(zlib.compress(_XML.encode())[:-9]).decode(),
        packed(b"\0" * (17 << 20)),
        packed(b"<html>"),
        packed(_XML.encode()[:-20]),
    ],
)
def test_a_text_that_is_none_is_unreadable(xml: object) -> None:
    with pytest.raises(UnreadableError):
        parse_gpu_data({"source": "nvidia-smi-xml", "xml": xml})
