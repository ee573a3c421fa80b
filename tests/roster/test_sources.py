"""Which inventory is meant, and which files it is made of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aifctl.core.errors import InventoryError, SetupError
from aifctl.roster.sources import find_inventory, fleets_in, read_sources


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "inventory").mkdir(mode=0o755)
    (tmp_path / "inventory" / "site.yaml").write_text("nodes: n1\n")
    (tmp_path / "inventory" / "site.yaml").chmod(0o644)
    return tmp_path


def test_the_flag_wins_then_the_environment_then_settings_then_the_system_then_here(here: Path) -> None:
    system = here / "etc"
    environ = {"AIFCTL_INVENTORY": "env"}
    assert find_inventory("flag", environ, "set", here, system=system) == (here / "flag", "--inventory")
    assert find_inventory(None, environ, "set", here, system=system) == (here / "env", "AIFCTL_INVENTORY")
    assert find_inventory(None, {}, "/set", here, system=system) == (Path("/set"), "the settings file")
    assert find_inventory(None, {}, None, here, system=system) == (here / "inventory", "./inventory")
    system.mkdir()
    assert find_inventory(None, {}, None, here, system=system) == (system, str(system))


def test_without_any_inventory_the_error_says_where_one_may_be(tmp_path: Path) -> None:
    with pytest.raises(
        SetupError, match=r"--inventory PATH or AIFCTL_INVENTORY, or put one in .*etc; `aifctl inventory templ"
    ):
        find_inventory(None, {}, None, tmp_path, system=tmp_path / "etc")


@pytest.mark.parametrize("target", ["inventory", "inventory/site.yaml"])
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_what_others_can_write_is_not_used_unasked(here: Path, target: str, mode: int) -> None:
    (here / target).chmod(mode)
    with pytest.raises(SetupError, match="can be written by others"):
        find_inventory(None, {}, None, here, system=here / "etc")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_somebody_else_put_there_is_not_used_unasked(here: Path) -> None:
    os.chown(here / "inventory", 12345, 12345)
    with pytest.raises(SetupError, match="can be written by others"):
        find_inventory(None, {}, None, here, system=here / "etc")


def test_a_folder_without_yaml_is_no_fleet(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no YAML file"):
        read_sources(tmp_path)


def test_a_folder_of_fleets_lists_them(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yml").write_text("nodes: n1\n")
    with pytest.raises(SetupError, match=rf"holds 2; name one with --inventory: {tmp_path}/a, {tmp_path}/b"):
        read_sources(tmp_path)


def test_files_are_read_in_order_of_their_names_and_only_yaml(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "notes.txt", "c.yaml~"):
        (tmp_path / name).write_text("x")
    (tmp_path / "sub.yaml").mkdir()
    assert [Path(source.file).name for source in read_sources(tmp_path).files] == ["a.yml", "b.yaml"]


def test_a_file_that_can_not_be_read_is_a_mistake_of_the_inventory(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "b.yaml")
    with pytest.raises(InventoryError) as caught:
        read_sources(tmp_path)
    told = [mistake.message for mistake in caught.value.mistakes]
    assert told == ["can't be read: No such file or directory", "not a plain file of at most 64 MiB"]


def test_the_folder_of_profiles_is_no_fleet(tmp_path: Path) -> None:
    for name in ("one", "two", "profiles"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text("a: b")
    assert [folder.name for folder in fleets_in(tmp_path)] == ["one", "two"]
