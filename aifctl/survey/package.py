"""Building the probe: the same files give the same bytes, so that nodes keep what they have."""

from __future__ import annotations

import ast
import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from aifctl.ports.probe_package import ProbePackage
from aifctl.survey.shaking import shake

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_FILE_0644 = 0o100644 << 16
_UNIX = 3
#: pynvml makes an exception of each, by looking through its own names.
_ERRORS = "NVML_ERROR_"

_MAIN = b"""\
import hashlib, sys
from probe.__main__ import main
with open(sys.argv[0], "rb") as file:
    sys.exit(main(sys.argv[1:], hashlib.sha256(file.read()).hexdigest()))
"""


def build_package(probe: Path, launcher: Path, modules: Mapping[str, Path]) -> ProbePackage:
    """Build the probe from files.

    Args:
        probe: the folder of the package `probe`.
        launcher: the launcher's source.
        modules: further top-level modules, by name; what the probe mentions of them goes along.
    """
    files = {f"probe/{name}": data for name, data in _sources(probe)}
    users = [data.decode("utf-8") for data in files.values()]
    for name, path in modules.items():
        files[f"{name}.py"] = shake(path.read_text(encoding="utf-8"), users, always=_ERRORS).encode("utf-8")
    data = pack({**files, "__main__.py": _MAIN})
    return ProbePackage(
        data=data, sha256=hashlib.sha256(data).hexdigest(), launcher=bare(launcher.read_text(encoding="utf-8"))
    )


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip file of these, always deflated, in order of name, without dates; the launcher reads no other kind."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=_LONG_AGO)
            entry.create_system, entry.external_attr = _UNIX, _FILE_0644
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    return target.getvalue()


def bare(source: str) -> str:
    """Return Python text without its docstrings, lines of comment and empty lines: it travels with every command."""
    lines = source.splitlines()
    dropped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            first = node.body[0]
            dropped.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
            if len(node.body) == 1:  # all that it has
                dropped.discard(first.lineno)
                lines[first.lineno - 1] = " " * first.col_offset + "pass"
    kept = [line for number, line in enumerate(lines, 1) if number not in dropped]
    return "".join(f"{line}\n" for line in kept if line.strip() and not line.lstrip().startswith("#"))


def _sources(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(folder).as_posix(), path.read_bytes()
