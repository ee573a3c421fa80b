"""What stands behind the colon of faults that have a place in their node: which GPU, which rail, how many."""

from __future__ import annotations

from collections.abc import Callable

from aifctl.core.errors import UsageError
from aifctl.sim.fault import Argument
from aifctl.sim.layout import GPUS, RAILS

#: Where a fault goes that was not told where.
_USUAL_GPU, _USUAL_RAIL = 3, 2

#: Positions of parts, 0 to 7.
At = tuple[int, ...]


def _places(what: str, count: int) -> Callable[[str], At]:
    def parse(text: str) -> At:
        if text == "all":
            return tuple(range(count))
        if not text.isdigit() or int(text) >= count:
            raise UsageError(f"{text!r} is no {what} of a simulated node; write 0 to {count - 1}, or all")
        return (int(text),)

    return parse


def number(name: str, *, most: int, default: int | None = None) -> Argument:
    """Return an argument that is a whole number from 1."""

    def parse(text: str) -> int:
        if not text.isdigit() or not 0 < int(text) <= most:
            raise UsageError(f"{text!r} is no {name} for a fault; write 1 to {most}")
        return int(text)

    return Argument(name=name, parse=parse, default=default)


def _mount(text: str) -> str:
    if text not in MOUNTS:
        raise UsageError(f"{text!r} is no file system of a simulated node; there are {', '.join(MOUNTS)}")
    return text


#: File systems that a simulated node has.
MOUNTS = ("/", "/raid", "/home", "/run")
MOUNT = Argument(name="mount", parse=_mount, default="/")
#: Which GPUs, and which fabric ports; `all` of them.
GPU = Argument(name="gpu", parse=_places("GPU", GPUS), default=(_USUAL_GPU,))
EVERY_GPU = Argument(name="gpu", parse=_places("GPU", GPUS), default=tuple(range(GPUS)))
RAIL = Argument(name="rail", parse=_places("rail", RAILS), default=(_USUAL_RAIL,))
