"""The completion scripts, made from the command line as it is; completions/ holds what this prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aifctl.cli.command_tree import Choice, CommandTree
from aifctl.cli.completion_bash import bash_script
from aifctl.cli.completion_fish import fish_script
from aifctl.cli.completion_zsh import zsh_script
from aifctl.core.errors import UsageError
from aifctl.core.report import Report
from aifctl.ops.texts import tell_text
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

#: Shell → its file in completions/, and what writes it.
SHELLS: Mapping[str, tuple[str, Callable[[CommandTree], str]]] = {
    "bash": ("aifctl.bash", bash_script),
    "zsh": ("_aifctl", zsh_script),
    "fish": ("aifctl.fish", fish_script),
}


def tell_script(shell: str, _: Toolbox, sink: Sink) -> Report:
    """Report the script for a shell; UsageError for any but bash, zsh and fish."""
    text = script(shell)
    return tell_text(sink, text, file=SHELLS[shell][0])


def script(shell: str) -> str:
    """Return the script for a shell; UsageError as `tell_script`."""
    if shell not in SHELLS:
        raise UsageError(f"there are completions for bash, zsh and fish, not for {shell!r}; name one of these")
    return SHELLS[shell][1](read_tree())


def read_tree() -> CommandTree:
    """Return the whole command line."""
    from typer.main import get_command

    from aifctl.cli.invocation import whole_app

    return CommandTree(get_command(whole_app()), _lists())


def _lists() -> dict[str, Sequence[Choice]]:
    from aifctl import wiring
    from aifctl.fleet.lifecycle import STATE_NAMES
    from aifctl.sim.fault import read_kinds

    tools = wiring.quiet_tools({})
    return {
        "outputs": wiring.output_formats(),
        "formats": [(one.name, one.about) for one in tools.roster.formats()],
        "kinds": [(kind.name, kind.about) for kind in wiring.report_kinds().values()],
        "faults": [(kind.name, kind.about) for kind in read_kinds().values()],
        "states": [(name, "") for name in STATE_NAMES],
        "colors": [("auto", "on a terminal"), ("always", ""), ("never", "")],
        "progress": [("auto", ""), ("bar", ""), ("log", ""), ("json", ""), ("off", "")],
        "references": [
            ("file:", "a file holds it"),
            ("fd:", "read there"),
            ("cmd:", "a command prints it"),
            ("ask", ""),
        ],
        "waves": [("rack", ""), ("su", ""), ("leaf", "")],
    }
