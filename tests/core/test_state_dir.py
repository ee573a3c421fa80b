"""The state directory's modes hold whatever the umask, and what can't be written is said."""

from __future__ import annotations

import grp
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from aifctl.core.errors import SetupError
from aifctl.core.state_dir import StateDir


@pytest.fixture(params=[0o000, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("umask")
def test_folders_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    state = StateDir(path=tmp_path / "deep" / "state")
    folder = state.folder("runs", "r1")
    os.close(state.open_file(folder / "journal", os.O_WRONLY | os.O_CREAT))
    assert {mode(state.path), mode(state.path / "runs"), mode(folder)} == {0o700}
    assert mode(folder / "journal") == 0o600


@pytest.mark.usefixtures("umask")
def test_with_a_group_all_is_shared_with_it(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid())
    state = StateDir(path=tmp_path / "state", group=group.gr_name)
    folder = state.folder("runs")
    os.close(state.open_file(folder / "journal", os.O_WRONLY | os.O_CREAT))
    assert {mode(state.path), mode(folder)} == {0o2770}
    assert folder.stat().st_gid == group.gr_gid
    assert mode(folder / "journal") == 0o660


def test_what_is_above_the_state_directory_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    StateDir(path=tmp_path / "state").folder("runs")
    assert mode(tmp_path) == 0o755


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    state = StateDir(path=tmp_path / "state")
    assert state.claim("runs", "r1").is_dir()
    with pytest.raises(FileExistsError):
        state.claim("runs", "r1")


def test_a_file_in_the_way_is_said_with_the_flag_that_names_another_place(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(SetupError, match=r"state/runs can't be written: .*; name another with --state-dir"):
        StateDir(path=tmp_path / "state").folder("runs")


def test_a_group_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no group 'no-such-group'"):
        StateDir(path=tmp_path / "state", group="no-such-group").folder("runs")
