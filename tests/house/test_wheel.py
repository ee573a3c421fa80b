"""What an installed aifctl brings along beside its modules: completions, inventories to learn from, playbooks."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT

#: Folder of the checkout → where the wheel puts its files, below the environment's prefix.
_SHIPPED = {
    "playbooks": "share/aifctl/playbooks/",
    "inventory": "share/aifctl/inventory/",
    "completions": "share/",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return what a wheel of the tracked files holds; setuptools writes beside what it builds from."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in _tracked():
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((CHECKOUT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", folder, folder / "source"], capture_output=True, check=True)
    (wheel,) = folder.glob("aifctl-*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.mark.parametrize("room", _SHIPPED)
def test_a_wheel_holds_what_lies_beside_the_modules(names: set[str], room: str) -> None:
    brought = [name.partition(".data/data/")[2] for name in names]
    missing = [
        name
        for name in _tracked()
        if name.startswith(f"{room}/")
        and not any(one.startswith(_SHIPPED[room]) and one.endswith(_tail(name, room)) for one in brought)
    ]
    assert missing == []


def test_a_wheel_holds_every_module_with_what_lies_in_its_room_and_no_test(names: set[str]) -> None:
    modules = {name for name in _tracked() if name.startswith("aifctl/")}
    assert modules <= names
    assert "aifctl/output/page/fleet.html" in names
    assert not [name for name in names if name.startswith("tests")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def _tail(name: str, room: str) -> str:
    return f"/{Path(name).name}" if room == "completions" else f"/{name}"


def _tracked() -> list[str]:
    said = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return [name for name in said.stdout.splitlines() if (CHECKOUT / name).is_file()]
