"""The bindings that travel have everything that the probe really asks for, in whatever state a node is."""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pynvml
import pytest

from aifctl.onnode.probe.sections import gpu
from aifctl.onnode.probe.trouble import Trouble
from aifctl.wiring.probe import probe_package
from tests.onnode.gpu_nodes import STATES, node_in, plant_node


class Recording:
    """A module that remembers what it was asked for."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._module, name)


@pytest.mark.parametrize("state", STATES)
def test_what_a_node_is_asked_is_there(state: str, tmp_path: Path) -> None:
    node = node_in(state)
    nvml = Recording(node.nvml())
    try:
        gpu.read(str(plant_node(tmp_path, node)), {"nvml": nvml})
    except Trouble:
        assert nvml.asked
    sent = _sent()
    assert {name for name in nvml.asked if hasattr(pynvml, name) and not hasattr(sent, name)} == set()
    assert "nvmlInit" in nvml.asked


def _sent() -> ModuleType:
    with zipfile.ZipFile(BytesIO(probe_package().data)) as archive:
        source = archive.read("pynvml.py")
    module = ModuleType("pynvml_sent")
    sys.modules["pynvml_sent"] = module
    exec(compile(source, "pynvml.py", "exec"), module.__dict__)  # noqa: S102 - NVIDIA's own, as installed
    return module
