"""Where `aifctl shell` gets its lines from: a line editor with history on a terminal, else stdin as it is."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from aifctl.core.errors import UsageError
from aifctl.core.state_dir import StateDir
from aifctl.ports.prompt import Prompt

_HISTORY = "shell_history"
_MOST_LINE_BYTES = 1 << 20


def open_prompt(stdin: BinaryIO, state: StateDir, *, is_person: bool) -> Prompt:
    """Choose where lines come from."""
    return TerminalPrompt(state.folder() / _HISTORY) if is_person else PipePrompt(stdin)


class TerminalPrompt:
    """A line editor with history, on a terminal."""

    is_person = True

    def __init__(self, history: Path) -> None:
        from prompt_toolkit import PromptSession  # noqa: PLC0415  0.2 s that a pipe does not need
        from prompt_toolkit.history import FileHistory  # noqa: PLC0415  persons alone pay for it

        history.touch(mode=0o600)
        self._session: PromptSession[str] = PromptSession(history=FileHistory(str(history)))

    def read(self, label: str) -> str | None:
        try:
            return self._session.prompt(label)
        except KeyboardInterrupt:
            return ""
        except EOFError:
            return None


class PipePrompt:
    """Lines of a pipe or a file; no label is shown."""

    is_person = False

    def __init__(self, stdin: BinaryIO) -> None:
        self._stdin = stdin

    def read(self, label: str) -> str | None:  # noqa: ARG002  nobody is there to read it
        line = self._stdin.readline(_MOST_LINE_BYTES)
        if len(line) == _MOST_LINE_BYTES:
            raise UsageError("a line of stdin is longer than 1 MiB: that is no command")
        try:
            return line.decode().removesuffix("\n") if line else None
        except UnicodeDecodeError as problem:
            raise UsageError("a line of stdin is not UTF-8 text: that is no command") from problem
