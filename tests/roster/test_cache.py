"""The cache: warm when nothing changed, never in the way, never believed when damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from aifctl.core.errors import InventoryError, SetupError
from aifctl.core.state_dir import StateDir
from aifctl.roster import compiling
from aifctl.roster.cache import KEPT_COUNT
from aifctl.roster.roster import FileRoster
from tests.roster.inventories import SHIPPED, roster

TEXT = """
defaults: {rails: {0-7: {hca: "mlx5_{rail}", leaf: "l{rack#}-r{rail}", port: "{node#}"}}, feeds: [A1, B1], jump: [j1, "j2,j3"]}
racks:
  r[1-4]:
    nodes: {"{rack}n[1-8]": {address: "10.0.{rack#}.{node#}", serial: "S{rack#}{node#:02}", ssh: {Compression: no}}}
overrides: {r1n1: {state: drained, labels: {why: "a b"}}, r1n2: {off: true}}
leaves: {"l[1-4]-r[0-7]": {ports: 8, spines: "s[1-2]"}}
groups: {some: "r1n[1-3]", rest: "@all ! @some"}
policy: {max_nodes_per: {rack: 2}, guarded: [run], protected: "@some"}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    folder = tmp_path / "fleet"
    folder.mkdir()
    (folder / "site.yaml").write_text(TEXT)
    return folder


def _cache_file(state: Path) -> Path:
    return next((state / "inventory").glob("*.cache"))


def test_the_second_load_is_warm_and_says_the_same(inventory: Path, tmp_path: Path) -> None:
    cold, warm = (roster(tmp_path / "state").load(inventory) for _ in range(2))
    plain = roster().load(inventory)
    assert (cold.warm, warm.warm, plain.warm) == (False, True, False)
    for other in (warm, plain):
        assert other.fleet.names == cold.fleet.names
        assert [other.fleet.node(name) for name in other.fleet.names] == [
            cold.fleet.node(name) for name in cold.fleet.names
        ]
        assert (other.fleet.policy, other.fleet.selectors) == (cold.fleet.policy, cold.fleet.selectors)
        assert other.fleet.leaves == cold.fleet.leaves
        assert other.modified_at == cold.modified_at > 0


def test_a_warm_load_compiles_nothing(inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roster(tmp_path / "state").load(inventory)
    monkeypatch.delattr(compiling, "compile_sources")
    assert len(roster(tmp_path / "state").load(inventory).fleet) == 32


@pytest.mark.parametrize("change", ["content", "new file", "renamed"])
def test_any_change_of_the_files_is_seen(inventory: Path, tmp_path: Path, change: str) -> None:
    roster(tmp_path / "state").load(inventory)
    if change == "content":
        (inventory / "site.yaml").write_text(TEXT.replace("r[1-4]:", "r[1-3]:"))
    elif change == "new file":
        (inventory / "more.yaml").write_text("nodes: {x1: {rails: ~}}\n")
    else:
        (inventory / "site.yaml").rename(inventory / "other.yaml")
    loaded = roster(tmp_path / "state").load(inventory)
    assert not loaded.warm
    assert len(loaded.fleet) == {"content": 24, "new file": 33, "renamed": 32}[change]


def test_the_cache_is_private(inventory: Path, tmp_path: Path) -> None:
    roster(tmp_path / "state").load(inventory)
    file = _cache_file(tmp_path / "state")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [child.name for child in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign", "other version", "not ours"])
def test_a_damaged_or_foreign_cache_is_compiled_again(inventory: Path, tmp_path: Path, damage: str) -> None:
    state = tmp_path / "state"
    roster(state).load(inventory)
    file = _cache_file(state)
    good = file.read_bytes()
    middle = len(good) // 2
    bad = {
        "truncated": good[:middle],
        "flipped": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
        "empty": b"",
        "foreign": b"\x80\x04\x95pickle",
        "other version": good.replace(b"aifctl-inventory 2 ", b"aifctl-inventory 0 ", 1),
        "not ours": good,
    }[damage]
    file.write_bytes(bad)
    if damage == "not ours":
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        os.chown(file, 12345, 12345)
    loaded = roster(state).load(inventory)
    assert not loaded.warm
    assert len(loaded.fleet) == 32
    assert file.read_bytes() == good


def test_without_a_writable_state_directory_everything_works(inventory: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where a directory should be")
    assert [roster(blocked).load(inventory).warm for _ in range(2)] == [False, False]
    assert blocked.read_text() == "a file where a directory should be"


def test_a_broken_inventory_is_an_error_unless_the_last_good_reading_will_do(inventory: Path, tmp_path: Path) -> None:
    good = roster(tmp_path / "state").load(inventory)
    (inventory / "site.yaml").write_text(TEXT + "nonsense: 1\n")
    with pytest.raises(InventoryError):
        roster(tmp_path / "state").load(inventory)
    loaded = roster(tmp_path / "state").load(inventory, last_good=True)
    assert loaded.stale
    assert loaded.fleet.names == good.fleet.names
    assert loaded.modified_at == good.modified_at
    assert "has mistakes, so its last good reading is used" in loaded.notices[0]
    assert "the file has no key 'nonsense'" in loaded.notices[0]
    (inventory / "site.yaml").write_text(TEXT)
    assert not roster(tmp_path / "state").load(inventory, last_good=True).stale


def test_without_a_last_good_reading_a_broken_inventory_is_an_error_after_all(inventory: Path, tmp_path: Path) -> None:
    (inventory / "site.yaml").write_text("nonsense: 1\n")
    with pytest.raises(InventoryError, match="nonsense"):
        roster(tmp_path / "state").load(inventory, last_good=True)
    with pytest.raises(SetupError, match="there is no inventory at"):
        roster(tmp_path / "state").load(tmp_path / "nowhere", last_good=True)


def test_two_inventories_have_a_cache_each_and_old_ones_go(inventory: Path, tmp_path: Path) -> None:
    for number in range(KEPT_COUNT + 4):
        folder = tmp_path / f"made-up-{number}"
        folder.mkdir()
        (folder / "a.yaml").write_text(f"nodes: n[1-{number + 1}]\n")
        roster(tmp_path / "state").load(folder)
    assert len(list((tmp_path / "state" / "inventory").iterdir())) == KEPT_COUNT


def test_a_warm_load_imports_neither_yaml_nor_asyncio_nor_compiles(tmp_path: Path) -> None:
    FileRoster(StateDir(path=tmp_path)).load(SHIPPED / "ai-factory-50k")
    program = f"""
import sys
from pathlib import Path
from aifctl.core.state_dir import StateDir
from aifctl.roster.roster import FileRoster
loaded = FileRoster(StateDir(path=Path({str(tmp_path)!r}))).load(Path({str(SHIPPED / "ai-factory-50k")!r}))
assert loaded.warm and len(loaded.fleet) == 6250
[loaded.fleet.endpoint(name) for name in loaded.fleet.names]
assert not loaded.fleet._nodes
heavy = ("yaml", "asyncio", "ssl", "typer", "rich", "asyncssh", "ClusterShell", "socket", "tempfile", "subprocess")
print(*sorted({{*heavy, "aifctl.roster.compiling", "aifctl.fleet.selector"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_cache_of_the_largest_shipped_fleet_is_small(tmp_path: Path) -> None:
    FileRoster(StateDir(path=tmp_path)).load(SHIPPED / "ai-factory-50k")
    assert _cache_file(tmp_path).stat().st_size <= 500_000


def test_files_written_anew_with_the_same_content_are_warm_and_young(inventory: Path, tmp_path: Path) -> None:
    roster(tmp_path / "state").load(inventory)
    os.utime(inventory / "site.yaml", (2_000_000_000, 2_000_000_000))
    loaded = roster(tmp_path / "state").load(inventory)
    assert (loaded.warm, loaded.modified_at) == (True, 2_000_000_000)
