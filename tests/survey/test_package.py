"""The probe as a zipapp: the same bytes each time, on every Python that a node may have."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.ports.probe_package import ProbePackage
from aifctl.survey.envelope import open_envelope
from aifctl.survey.package import bare, build_package, pack
from aifctl.survey.shaking import shake
from aifctl.wiring import probe as wired
from aifctl.wiring.probe import probe_package
from tests.onnode.pythons import EVERY_PYTHON, PYTHONS


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    files = {"b.py": b"B = 1\n", "a.py": b"", "probe/__init__.py": b"'''x'''\n"}
    assert pack(files) == pack(dict(reversed(files.items())))
    assert pack(files) != pack({**files, "b.py": b"B = 2\n"})
    with zipfile.ZipFile(BytesIO(pack(files))) as archive:
        assert archive.namelist() == sorted(files)
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def test_only_sources_go_along_whenever_they_were_written(tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    (probe / "__pycache__").mkdir(parents=True)
    (probe / "__main__.py").write_text("def main(argv, probe): nvml.wanted()\n")
    (probe / "__pycache__/__main__.cpython-36.pyc").write_bytes(b"old")
    (tmp_path / "launch.py").write_text('"""Doc."""\nmain()\n')
    (tmp_path / "bindings.py").write_text("def wanted(): pass\ndef unwanted(): pass\n")

    def build() -> ProbePackage:
        return build_package(probe, tmp_path / "launch.py", {"nvml": tmp_path / "bindings.py"})

    first = build()
    os.utime(probe / "__main__.py", (1, 1))
    assert build() == first
    assert first.launcher == "main()\n"
    with zipfile.ZipFile(BytesIO(first.data)) as archive:
        assert archive.namelist() == ["__main__.py", "nvml.py", "probe/__main__.py"]
        assert b"unwanted" not in archive.read("nvml.py")


def test_the_probe_is_small_and_built_once() -> None:
    package = probe_package()
    assert package is probe_package()
    assert len(package.data) < 100_000
    with zipfile.ZipFile(BytesIO(package.data)) as archive:
        assert {"__main__.py", "pynvml.py", "probe/__main__.py", "probe/sections/gpu.py"} <= set(archive.namelist())
        assert b"NVIDIA Corporation" in archive.read("pynvml.py")


def test_building_the_probe_runs_no_bindings() -> None:
    code = "import sys; from aifctl.wiring.probe import probe_package; probe_package(); print('pynvml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("python", EVERY_PYTHON)
def test_the_zipapp_runs_by_itself(tmp_path: Path, python: str) -> None:
    package = probe_package()
    (tmp_path / "probe.zip").write_bytes(package.data)
    command = [PYTHONS[python], "-I", "-S", str(tmp_path / "probe.zip"), "{}"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    envelope = open_envelope(done.stdout, node="", probe=package.sha256)
    assert envelope.python.startswith(f"{python}.")
    assert envelope.cpu_s > 0
    assert not [one for one in envelope.sections.values() if "SyntaxError" in one.message or "Import" in one.message]


@pytest.mark.parametrize("asked", ["{", "[]", '"x"', "7"])
def test_arguments_that_are_no_object_are_refused(tmp_path: Path, asked: str) -> None:
    (tmp_path / "probe.zip").write_bytes(probe_package().data)
    command = [sys.executable, "-I", "-S", str(tmp_path / "probe.zip"), asked]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"no JSON object" in done.stderr


def test_what_runs_on_nodes_stays_within_python_3_6() -> None:
    folder = Path(wired.__file__).parents[1] / "onnode"
    command = [str(Path(sys.executable).with_name("vermin")), "--target=3.6-", "--violations", "--no-tips", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_bare_text_means_the_same() -> None:
    source = '"""Doc\n\nmore."""\n\n# why\nimport os\n\n\ndef f():\n    """Only this."""\n\n\ndef g():\n    """Doc."""\n    # so\n    return "# no comment"\n'
    assert bare(source) == 'import os\ndef f():\n    pass\ndef g():\n    return "# no comment"\n'
    ast.parse(bare(source))


def test_bindings_that_are_not_installed_are_a_matter_of_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    wired.probe_package.cache_clear()
    try:
        with pytest.raises(SetupError, match="pip install nvidia-ml-py"):
            probe_package()
    finally:
        wired.probe_package.cache_clear()


def test_shaking_keeps_what_is_mentioned_and_what_that_needs() -> None:
    source = (
        "# licence\nimport os\nfrom ctypes import *\nimport sys, string\n"
        "A = 1\nB = A\nC = B\nE_X = 7\n"
        "def low(): return A\n@decorated\ndef high(): return low() + os.sep\ndef decorated(f): return f\n"
        "class Unused(low): pass\nx.attribute = 3\nif A: D = 2\n"
    )
    shaken = shake(source, ["call('high')", "B"], always="E_")
    assert shaken.splitlines() == [
        "# licence",
        "# Shortened: what the probe does not use is left out.",
        "import os",
        "from ctypes import *",
        "A = 1",
        "B = A",
        "E_X = 7",
        "def low(): return A",
        "@decorated",
        "def high(): return low() + os.sep",
        "def decorated(f): return f",
        "x.attribute = 3",
        "if A: D = 2",
    ]


def test_nothing_that_the_probe_asks_the_bindings_for_is_shaken_off() -> None:
    whole = wired._bindings().read_text(encoding="utf-8")
    with zipfile.ZipFile(BytesIO(probe_package().data)) as archive:
        users = b"\n".join(archive.read(name) for name in archive.namelist() if name.startswith("probe/")).decode()
        shaken = archive.read("pynvml.py").decode()
    wanted = set(re.findall(r"\b(?:nvml|NVML|c_nvml|struct_c_nvml)\w+", users))
    defined, kept = _top_level(whole), _top_level(shaken)
    assert (wanted & defined) - kept == set()
    assert {"nvmlInit", "nvmlDeviceGetHandleByIndex", "NVMLError"} <= kept
    assert len(kept) < len(defined) / 4
    program = (
        "import json, pynvml; print(json.dumps([pynvml.NVMLError(15).__class__.__name__, pynvml.nvmlInit.__name__]))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys, types; m = types.ModuleType('pynvml'); sys.modules['pynvml'] = m; exec(sys.stdin.read(), m.__dict__); {program}",
        ],
        input=shaken,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["NVMLError_GpuIsLost", "nvmlInit"]


def _top_level(source: str) -> set[str]:
    found = set()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            found |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return found
