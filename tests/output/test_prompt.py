"""Where a shell's lines come from."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.core.state_dir import StateDir
from aifctl.output.prompt import PipePrompt, TerminalPrompt, open_prompt


def test_a_pipe_gives_its_lines_until_its_end() -> None:
    prompt = PipePrompt(io.BytesIO(b"uptime\n\ncaf\xc3\xa9"))
    assert [prompt.read("> ") for _ in range(4)] == ["uptime", "", "café", None]
    assert not prompt.is_person


@pytest.mark.parametrize(
    ("data", "complaint"), [(b"x" * (1 << 20), "longer than 1 MiB"), (b"\xff\n", "not UTF-8 text")]
)
def test_what_is_no_command_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        PipePrompt(io.BytesIO(data)).read("> ")


def test_without_a_person_stdin_is_read_as_it_is(tmp_path: Path) -> None:
    state = StateDir(path=tmp_path / "state")
    assert isinstance(open_prompt(io.BytesIO(b""), state, is_person=False), PipePrompt)
    assert not state.path.exists()


def test_a_persons_history_lies_in_the_state_directory_for_them_alone(tmp_path: Path) -> None:
    prompt = open_prompt(io.BytesIO(b""), StateDir(path=tmp_path / "state"), is_person=True)
    assert isinstance(prompt, TerminalPrompt)
    assert stat.S_IMODE((tmp_path / "state" / "shell_history").stat().st_mode) == 0o600
