"""Lines of nodes as they come (`--live`): each whole, behind its node's name, harmless."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from aifctl.core.printable import printable_bytes, printable_line
from aifctl.output.pipe import TextPipe
from aifctl.output.style import Style
from aifctl.output.terminal import TerminalFacts

#: Six colours that can be read on dark and on light ground.
_COLOURS = ("32", "33", "34", "35", "36", "31")


@dataclass(slots=True, kw_only=True)
class LiveLines:
    """Writes `node: line`: a node's stdout to ours, its stderr to ours, each line in one piece."""

    stdout: TextPipe
    stderr: TextPipe
    stdout_terminal: TerminalFacts
    stderr_terminal: TerminalFacts

    def show(self, node: str, stream: str, line: bytes) -> None:
        """Write one line, with or without its newline; raises as TextPipe does."""
        is_stderr = stream == "stderr"
        pipe = self.stderr if is_stderr else self.stdout
        terminal = self.stderr_terminal if is_stderr else self.stdout_terminal
        prefix = Style(terminal).paint(f"{printable_line(node)}:", _colour_of(node))
        text = printable_bytes(line).removesuffix("\n")
        pipe.write("".join(f"{prefix} {part}\n" for part in text.split("\n")))
        pipe.flush()


def _colour_of(node: str) -> str:
    """Always the same colour for the same node, in every run and process."""
    return _COLOURS[zlib.crc32(node.encode("utf-8", "backslashreplace")) % len(_COLOURS)]
