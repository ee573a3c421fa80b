from __future__ import annotations

from dataclasses import fields

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.smi_nvlink import parse_smi_list, parse_smi_nvlink
from aifctl.diagnosis.smi_text import parse_smi_text
from aifctl.diagnosis.smi_xml import parse_smi_xml
from aifctl.diagnosis.told_by import untold_by
from tests.diagnosis.smi_texts import healthy, text, xml

_GPU = "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0)\n"
_ERRORS = "".join(f"\t Link 0: {kind} Errors: 0\n" for kind in ("Replay", "Recovery", "CRC"))


@pytest.mark.parametrize(
    "section",
    [
        parse_smi_xml(xml(healthy())),
        parse_smi_text(text(healthy())),
        parse_smi_nvlink(_GPU + "\t Link 0: 26.562 GB/s\n" + _ERRORS),
        parse_smi_list(_GPU),
    ],
    ids=lambda section: section.source,
)
def test_a_source_tells_all_but_what_it_is_said_to_leave_out(section: GpuSection) -> None:
    found = {field.name for field in fields(Gpu) if getattr(section.gpus[0], field.name) is Absent.MISSING}
    assert found == untold_by(section.source)


def test_nvml_and_whoever_is_not_known_leave_nothing_out() -> None:
    assert untold_by("nvml") == untold_by("somebody") == frozenset()


def test_csv_has_no_column_for_links_and_processes() -> None:
    assert {"nvlinks", "processes", "pcie_errors"} <= untold_by("nvidia-smi-csv")
    assert not {"remap_banks", "throttle_reasons", "index", "inforom_valid"} & untold_by("nvidia-smi-csv")
