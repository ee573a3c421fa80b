"""What the probe is built from: our own files, and NVIDIA's bindings as they are installed here."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aifctl.core.errors import SetupError

if TYPE_CHECKING:
    from aifctl.ports.probe_package import ProbePackage


@cache
def probe_package() -> ProbePackage:
    """Build the probe, once per process; SetupError where the bindings are not installed."""
    import aifctl.onnode
    from aifctl.survey.package import build_package

    onnode = Path(aifctl.onnode.__path__[0])
    return build_package(onnode / "probe", onnode / "launch.py", {"pynvml": _bindings()})


def _bindings() -> Path:
    """Find the file of nvidia-ml-py; importing it here would load what only nodes need."""
    found = importlib.util.find_spec("pynvml")
    if found is None or found.origin is None:
        raise SetupError(
            "pynvml is not installed here, and the probe carries it to the nodes: pip install nvidia-ml-py"
        )
    path = Path(found.origin)
    if path.name == "__init__.py":
        raise SetupError(f"{path.parent} is not nvidia-ml-py's own pynvml; uninstall the package pynvml beside it")
    return path
