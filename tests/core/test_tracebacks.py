"""A bug's traceback is kept where whoever met it can find it."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from pathlib import Path

import pytest

from aifctl.core.exit_codes import ExitCode
from aifctl.core.state_dir import StateDir
from aifctl.core.tracebacks import bug_error


def a_bug(said: str = "boom") -> Exception:
    with pytest.raises(ZeroDivisionError) as raised:
        raise ZeroDivisionError(said)
    return raised.value


def kept_in(message: str) -> Path:
    found = re.search(r"the traceback is in (\S+), please report it", message)
    assert found, message
    return Path(found[1])


def test_the_traceback_lies_in_a_file_of_the_state_directory_for_its_owner_alone(tmp_path: Path) -> None:
    error = bug_error(a_bug(), StateDir(path=tmp_path / "state"))
    file = kept_in(str(error))
    assert error.exit_code is ExitCode.BUG
    assert file.parent == tmp_path / "state" / "bugs"
    assert "in a_bug" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_state_directory_that_can_be_written_it_lies_among_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "state").write_text("in the way")
    for state in (None, StateDir(path=tmp_path / "state")):
        assert kept_in(str(bug_error(a_bug(), state))).parent == tmp_path


def test_where_no_disk_takes_it_the_traceback_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert "in a_bug" in str(bug_error(a_bug()))


def test_a_bug_that_quotes_a_node_obeys_no_escape_of_it(tmp_path: Path) -> None:
    assert "\x1b" not in str(bug_error(a_bug("\x1b[2J"), StateDir(path=tmp_path)))


def test_a_disk_that_takes_a_file_and_no_byte_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_a_full_disk(**_: object) -> tuple[int, str]:
        (tmp_path / "empty").touch()
        return os.open("/dev/full", os.O_WRONLY), str(tmp_path / "empty")

    monkeypatch.setattr(tempfile, "mkstemp", on_a_full_disk)
    assert "in a_bug" in str(bug_error(a_bug(), StateDir(path=tmp_path / "state")))
    assert not (tmp_path / "empty").exists()
