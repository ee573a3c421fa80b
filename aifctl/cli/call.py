"""From options to one verb and back: open the toolbox and the sink, call, close, return the exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aifctl import wiring
from aifctl.cli.options import Everywhere, Reaching
from aifctl.core.report import Report
from aifctl.core.shown import Shown
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

Verb = Callable[[Toolbox, Sink], Report]


def call(
    verb: Verb,
    everywhere: Everywhere,
    flags: Mapping[str, str | None] | None = None,
    *,
    live: bool = False,
    lenient: bool = False,
) -> int:
    """Run one verb and return the exit code.

    `flags` are settings that this command's options override, by the setting's name; None where not given; `lenient` as `wiring.perform` has it.
    """
    everywheres = {name: getattr(everywhere, name) for name in ("inventory", "state_dir", "state")}
    return wiring.perform(
        verb, shown_by(everywhere, live=live), flags={**(flags or {}), **everywheres}, lenient=lenient
    )


def shown_by(everywhere: Everywhere, *, live: bool = False) -> Shown:
    """Return how the report is to be shown."""
    return Shown(
        format=everywhere.output or "table",
        color=everywhere.color,
        progress=everywhere.progress,
        verbose=everywhere.verbose,
        quiet=everywhere.quiet,
        live=live,
    )


def reaching_flags(reaching: Reaching) -> dict[str, str | None]:
    """Return the settings that options about logging in override."""
    return {
        "user": reaching.user,
        "port": None if reaching.port is None else str(reaching.port),
        "identity": _joined(reaching.identity, ":"),
        "known_hosts": _joined(reaching.known_hosts, ":"),
        "jump": _joined(reaching.jump, " "),
        "connect_timeout": reaching.connect_timeout,
        "key_password": reaching.key_password,
    }


def _joined(values: list[str] | None, separator: str) -> str | None:
    return separator.join(values) if values else None
