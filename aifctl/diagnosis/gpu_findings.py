"""What the checks over GPUs share: asking a reading for a field, and a finding about one GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, NeutralError, known, told
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.gpu import Gpu
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.subjects import gpu_subject
from aifctl.diagnosis.told_by import untold_by


def ask(gpu: Gpu, name: str, case: Case, what: str = "") -> Any:
    """Return a field of a GPU that is there.

    Raises:
        NeutralError: this hardware, this driver or the tool that was asked has no word for it.
        CannotTellError: it should have been told.
    """
    value = getattr(gpu, name)
    if not isinstance(value, Absent):
        return value
    what = what or name.replace("_", " ")
    if _is_neutral(value, name, case):
        raise NeutralError(what)
    return told(value, what)


def ask_if_any(gpu: Gpu, name: str, case: Case) -> Any:
    """Return a field, None where there can be none; CannotTellError as `ask`."""
    value = getattr(gpu, name)
    if isinstance(value, Absent) and _is_neutral(value, name, case):
        return None
    return told(value, name.replace("_", " ")) if isinstance(value, Absent) else value


def _is_neutral(value: Absent, name: str, case: Case) -> bool:
    """Whether this hardware or this driver has no word for a field, or the tool whose output somebody sent.

    A probe that had to make do with such a tool could not look: on a node in service that is unknown.
    """
    if value in NEUTRAL:
        return True
    section, sent = case.reading.gpu, not case.reading.node
    return sent and value is Absent.MISSING and section is not None and name in untold_by(section.source)


def all_told(gpus: Iterable[Gpu], get: Callable[[Gpu], tuple[Any, ...]]) -> Iterator[Any]:
    """Return all that some GPUs tell, one after the other, for glances; `get` is an `attrgetter` of more than one field."""
    return chain.from_iterable(map(get, gpus))


def every_gpu(reading: Reading) -> Iterator[tuple[str, Gpu]]:
    """Each GPU, lost ones, too."""
    if reading.gpu is None:
        raise CannotTellError("GPUs", "not read")
    for gpu in reading.gpu.gpus:
        yield gpu_subject(gpu), gpu


def measure_of(*names: str) -> Callable[[Reading], dict[str, float]]:
    """Return what gives each GPU the sum of its fields `names`, for its peers; a GPU that told none of them is left out."""

    def measure(reading: Reading) -> dict[str, float]:
        found = {}
        for gpu in reading.gpu.gpus if reading.gpu else ():
            told = [value for name in names if not isinstance(value := getattr(gpu, name), Absent)]
            if told:
                found[gpu_subject(gpu)] = float(sum(told))
        return found

    return measure


def gpu_finding(
    check: str,
    gpu: Gpu,
    code: str,
    verdict: tuple[Result, Action],
    message: str,
    *,
    observed: Any = None,
    expected: Any = None,
    source: str = "",
    facts: Mapping[str, Any] | None = None,
    at_s: float | None = None,
    debounced: bool = False,
    lasting_s: float = 0.0,
) -> Finding:
    """Make a finding; `message` goes on after "the GPU at ADDRESS "."""
    return Finding(
        check=check,
        subject=gpu_subject(gpu),
        code=code,
        result=verdict[0],
        action=verdict[1],
        message=f"the GPU at {gpu.pci_address or f'index {known(gpu.index, -1)}'} {message}",
        observed=observed,
        expected=expected,
        source=source,
        identity=known(gpu.serial, ""),
        facts=facts or {},
        at_s=at_s,
        debounced=debounced,
        lasting_s=lasting_s,
    )


#: What goes wrong most, as (result, action).
RMA = (Result.FAULT, Action.RMA)
RESET = (Result.FAULT, Action.RESET)
REBOOT = (Result.FAULT, Action.REBOOT)
DRAIN = (Result.FAULT, Action.DRAIN)
CABLE = (Result.FAULT, Action.CABLE)
FIX = (Result.DEGRADED, Action.FIX)
WATCH = (Result.WATCH, Action.WATCH)
