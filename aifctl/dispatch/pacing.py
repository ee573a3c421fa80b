"""From what was asked of the pace to numbers: "5%" and "rack" need the nodes, the width needs the policy."""

from __future__ import annotations

from aifctl.core.errors import UsageError
from aifctl.core.units import parse_count_or_share
from aifctl.dispatch.asked import Pace
from aifctl.fanout.descriptors import fitting_width
from aifctl.fanout.plan import Pacing
from aifctl.fleet.fleet import Fleet
from aifctl.ports.toolbox import Toolbox

#: What waves may follow: a rack at a time, and so on.
_WAVE_SCOPES = ("rack", "su", "leaf", "hall", "feed")


def pacing_of(pace: Pace, names: tuple[str, ...], tools: Toolbox) -> Pacing:
    """Return the pace for these nodes; UsageError for what does not parse."""
    fleet, value = tools.fleet, tools.settings.value
    width, most = value("width"), fleet.policy.max_width
    if most is not None and most < width:
        asked = tools.settings.origin("width").source.startswith("--")
        tools.note(f"the policy of {fleet.origin} lowers the width from {width} to {most}", detail=not asked)
        width = most
    wave, wave_scope = _wave(pace.wave, names, fleet)
    return Pacing(
        width=width,
        dial_width=min(width, value("dial_width")),
        workers=pace.workers,
        retries=pace.retries,
        wave=wave,
        wave_scope=wave_scope,
        deadline_s=pace.deadline_s,
        stragglers=pace.stragglers,
        max_failed=_max_failed(pace.max_failed, total=len(names)),
    )


def width_note(width: int, *, nodes_count: int, workers_count: int, descriptors: int) -> str:
    """Return the sentence that says how far open files narrow a run, "" where they don't; SetupError as `fitting_width`."""
    wanted = -(-width // workers_count)
    fits, _ = fitting_width(wanted, descriptors=descriptors)
    if fits == wanted or nodes_count <= fits * workers_count:
        return ""
    return f"the limit of {descriptors} open files lowers the width from {width} to {fits * workers_count}; raise it with ulimit -n"


def _wave(text: str, names: tuple[str, ...], fleet: Fleet) -> tuple[int, dict[str, str]]:
    if not text:
        return 0, {}
    if text not in _WAVE_SCOPES:
        if not text.rstrip("%").replace(".", "").isdecimal() or not text.strip("0.%"):
            raise UsageError(f"--wave {text!r}: write a count, a share such as 5%, or {', '.join(_WAVE_SCOPES)}")
        return parse_count_or_share(text, total=len(names)), {}
    wanted = frozenset(names)
    return 0, {name: value for value, inside in fleet.scope(text).items() for name in inside if name in wanted}


def _max_failed(text: str, *, total: int) -> int | None:
    if not text:
        return None
    return 0 if text == "0" else parse_count_or_share(text, total=total)
