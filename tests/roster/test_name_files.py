"""Names from a file or from stdin."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.roster.name_files import read_names, read_names_from


def test_a_file_is_read_as_text_also_below_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "names").write_text("n1\nn[2-3]\n")
    assert read_names("~/names") == "n1\nn[2-3]\n"


def test_a_file_that_is_not_there_is_told_as_it_was_typed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"@file:.*/gone can't be read: No such file"):
        read_names(str(tmp_path / "gone"))


def test_what_is_no_text_is_refused_with_its_origin() -> None:
    with pytest.raises(UsageError, match="the names in stdin are not UTF-8 text"):
        read_names_from(io.BytesIO(b"n1\xff\n"), "stdin")
