"""One GPU through NVML: its links, its processes, and what the bindings' structures would get wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aifctl.onnode.probe import nvidia_smi
from aifctl.onnode.probe.nvml_asking import Asking
from aifctl.onnode.probe.nvml_gpu import read_gpu
from aifctl.onnode.probe.nvml_links import read_links
from aifctl.onnode.probe.nvml_processes import read_processes
from aifctl.sim.hardware.boards import Process
from aifctl.sim.hardware.fake_nvml import FakeNvml, Handle
from aifctl.sim.hardware.gpus import GpuHardware


def first(node: GpuHardware) -> tuple[Asking, FakeNvml, Handle]:
    nvml = node.nvml()
    return Asking(nvml), nvml, nvml.nvmlDeviceGetHandleByIndex(0)


@pytest.mark.parametrize(("counted", "asked"), [(18, 18), (12, 12), (0, 0), (9999, 36), ({"!": 3}, 18), (None, 18)])
def test_as_many_links_are_asked_as_the_gpu_counts(counted: Any, asked: int) -> None:
    asking, nvml, handle = first(GpuHardware.healthy())
    read_links(asking, handle, {"fields": {"91": counted}})
    assert nvml.asked.count("nvmlDeviceGetNvLinkState") == asked


def test_links_beyond_the_last_are_refused_and_the_others_read() -> None:
    asking, _, handle = first(GpuHardware.healthy())
    links = read_links(asking, handle, {"fields": {"91": 20}})["links"]
    assert links["state"] == [1] * 18 + [{"!": 2}] * 2
    assert links["164"][17:] == [26562, {"!": 2}, {"!": 2}]


def test_a_gpu_that_is_lost_at_a_link_is_asked_for_no_other() -> None:
    node = GpuHardware.healthy()
    node.boards[0].errors["nvmlDeviceGetNvLinkState"] = 15
    asking, nvml, handle = first(node)
    assert read_links(asking, handle, {}) == {"links": {"!": 15}}
    assert nvml.asked.count("nvmlDeviceGetNvLinkState") == 1


def test_processes_are_counted_to_a_limit_and_named_whatever_their_names(tmp_path: Path) -> None:
    node = GpuHardware.healthy()
    node.boards[0].processes = [Process(pid) for pid in range(1, 101)]
    for pid, name in ((1, b"python3\n"), (2, b"\xff\xfe" * 100), (3, b"")):
        (tmp_path / "proc" / str(pid)).mkdir(parents=True)
        (tmp_path / "proc" / str(pid) / "comm").write_bytes(name)
    asking, _, handle = first(node)
    found = read_processes(asking, handle, str(tmp_path))
    assert len(found) == 64
    assert found[0] == [1, 1 << 30, "python3"]
    assert (len(found[1][2]), found[2][2], found[3][2]) == (64, "", "")


@pytest.mark.parametrize(("written", "expected"), [(1, 1), (0, 0), (None, {"!": "untouched"})])
def test_the_flag_of_unrepairable_memory_is_read_from_where_the_driver_wrote_it(
    written: int | None, expected: object
) -> None:
    node = GpuHardware.healthy(driver_version="590.48.01")
    _, nvml, handle = first(node)

    class Driver:
        """NVML whose entry writes behind the version, or not at all."""

        def __getattr__(self, name: str) -> Any:
            return getattr(nvml, name)

        def _nvmlGetFunctionPointer(self, _name: str) -> Any:  # noqa: N802 - the bindings' own name
            def entry(_handle: Any, words: Any) -> int:
                if written is not None:
                    words.contents[1] = written
                return 0

            return entry

    assert read_gpu(Asking(Driver()), handle, "/nonexistent")["unrepairable"] == expected


def test_nvidia_smi_is_found_where_it_may_be_run(tmp_path: Path) -> None:
    assert nvidia_smi.find(str(tmp_path)) is None
    tool = tmp_path / "usr/bin/nvidia-smi"
    tool.parent.mkdir(parents=True)
    tool.write_text("")
    assert nvidia_smi.find(str(tmp_path)) is None
    tool.chmod(0o755)
    assert nvidia_smi.find(str(tmp_path)) == str(tool)
