"""One contract, read twice: through the simulated fleet's module and through NVIDIA's own bindings, which talk to a
compiled library.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pynvml
import pytest

import aifctl.onnode
from aifctl.onnode.probe.trouble import NotHere, Trouble
from aifctl.wiring.probe import probe_package
from tests.onnode.gpu_nodes import NEW_DRIVER, STATES, node_in, plant_node, read
from tests.onnode.pythons import OLDEST_PYTHON, PYTHONS
from tests.onnode.stub_nvml.stub import build, read_through_stub


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("stub-nvml"))


@pytest.fixture(scope="session")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the library of a driver that does not even have the newer functions."""
    return build(tmp_path_factory.mktemp("stub-nvml-old"), "-DOLD_DRIVER")


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the probe as it goes to the nodes, shortened bindings included."""
    path = tmp_path_factory.mktemp("probe") / "probe.pyz"
    path.write_bytes(probe_package().data)
    return path


def through_module(state: str, root: Path) -> Any:
    try:
        return json.loads(json.dumps(read(node_in(state), root)))
    except NotHere as nothing:
        return {"nothing": str(nothing)}
    except Trouble as trouble:
        return {"trouble": trouble.code}


@pytest.mark.parametrize("state", STATES)
def test_the_bindings_read_what_the_simulated_module_tells(
    state: str, library: Path, archive: Path, tmp_path: Path
) -> None:
    root = plant_node(tmp_path, node_in(state))
    oldest = PYTHONS[OLDEST_PYTHON]
    read_there = read_through_stub(node_in(state), library=library, archive=archive, root=root, python=oldest)
    assert read_there == through_module(state, root)


@pytest.mark.parametrize("version", PYTHONS)
def test_every_python_reads_the_same(version: str, library: Path, archive: Path, tmp_path: Path) -> None:
    root = plant_node(tmp_path, node_in("one lost"))
    python = PYTHONS[version]
    said = read_through_stub(node_in("one lost"), library=library, archive=archive, root=root, python=python)
    assert said == through_module("one lost", root)


def test_a_library_without_the_newer_functions_is_an_old_driver(
    old_library: Path, archive: Path, tmp_path: Path
) -> None:
    state, python = "SRAM errors on R535", PYTHONS[OLDEST_PYTHON]
    root = plant_node(tmp_path, node_in(state))
    said = read_through_stub(node_in(state), library=old_library, archive=archive, root=root, python=python)
    assert said == through_module(state, root)


def test_the_bindings_as_they_are_installed_read_the_same(library: Path, tmp_path: Path) -> None:
    folder = tmp_path / "import"
    shutil.copytree(Path(aifctl.onnode.__path__[0]) / "probe", folder / "probe")
    shutil.copy(Path(pynvml.__file__), folder / "pynvml.py")
    state = "three links down"
    root = plant_node(tmp_path / "root", node_in(state))
    python = PYTHONS[OLDEST_PYTHON]
    said = read_through_stub(node_in(state), library=library, archive=folder, root=root, python=python)
    assert said == through_module(state, root)


@pytest.mark.parametrize("layout", ["as nvml.h has it", "as the bindings have it"])
def test_unrepairable_memory_is_seen_whichever_way_the_structure_is_laid_out(
    layout: str, archive: Path, tmp_path: Path
) -> None:
    options = ["-DVERSIONED_FLAG"] if layout == "as the bindings have it" else []
    built = build(tmp_path / "library", *options)
    node = node_in("healthy on R590")
    node.boards[3].unrepairable = 1
    root = plant_node(tmp_path / "root", node)
    python = PYTHONS[OLDEST_PYTHON]
    said = read_through_stub(node, library=built, archive=archive, root=root, python=python)
    assert [gpu["unrepairable"] for gpu in said["gpus"]] == [0, 0, 0, 1, 0, 0, 0, 0]
    assert said["driver"] == NEW_DRIVER
