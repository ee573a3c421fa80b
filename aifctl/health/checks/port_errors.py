"""Do the fabric's ports count more errors than a healthy link does?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aifctl.diagnosis.absent import CannotTellError, known, told
from aifctl.diagnosis.check import Case, Check, Threshold
from aifctl.diagnosis.fabric_ports import has_fabric_port, need_fabric_port
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.growth_rate import grown_in, last_grown_at
from aifctl.diagnosis.port import Port
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.remembering import port_identity
from aifctl.diagnosis.subjects import ports
from aifctl.fleet.profile import Expectation

_FATAL, _FATAL_WINDOW_S = "port.fatal_counters", "port.fatal_window_s"
_SYMBOLS_PER_H = "port.symbol_errors_per_h"

#: Counter, expectation, unit of time in seconds: rates that are watched. Short intervals are taken as a minute.
_WATCHED = (
    ("symbol_error", "port.symbol_errors_per_s", 1.0),
    ("link_error_recovery", "port.link_error_recoveries_per_min", 60.0),
    ("port_rcv_errors", "port.receive_errors_per_s", 1.0),
    ("local_ack_timeout_err", "port.ack_timeouts_per_s", 1.0),
    ("port_xmit_discards", "port.transmit_discards_per_s", 1.0),
)
_WATCHED_NAMES = frozenset(name for name, _, _ in _WATCHED)
_UNITS = {1.0: "s", 60.0: "min", 3600.0: "h"}
_SHORTEST_S, _HOUR_S = 60.0, 3600.0


def _all_fine(ports: Sequence[Port], case: Case) -> bool:
    grown = {identity for identity, _ in case.memory.growths}
    if grown and not grown.isdisjoint(map(port_identity, ports)):
        return False
    all_there = all(name in port.counters for port in ports for name in _WATCHED_NAMES)
    return all_there and has_fabric_port(ports, case)


def _judge(port: Port, case: Case) -> Iterator[Finding]:
    need_fabric_port(port, case)
    counters = told(port.counters, "counters")
    identity = port_identity(port)
    if case.memory.growths and any(of == identity for of, _ in case.memory.growths):
        yield from _grown(port, identity, case)
    if not counters.keys() >= _WATCHED_NAMES:
        missing = [name for name, _, _ in _WATCHED if name not in counters]
        raise CannotTellError(", ".join(missing), "the port has no such counter")


def _grown(port: Port, identity: str, case: Case) -> Iterator[Finding]:
    fatal, window = case.expect(_FATAL), case.expect(_FATAL_WINDOW_S)
    for name in fatal.value:
        count = case.memory.grown(identity, name, within_s=window.value, now_s=case.reading.at_s)
        if count:
            said = f"grew by {count} in the last {window.value / _HOUR_S:g} h, and should never"
            yield _finding(port, identity, case, name, Result.FAULT, Action.DRAIN, said, count, fatal)
    yield from _fast(port, identity, case, "symbol_error", _SYMBOLS_PER_H, _HOUR_S)
    for name, key, unit_s in _WATCHED:
        yield from _fast(port, identity, case, name, key, unit_s)


def _fast(port: Port, identity: str, case: Case, name: str, key: str, unit_s: float) -> Iterator[Finding]:
    most, window_s = case.expect(key), max(unit_s, _SHORTEST_S)
    rate = grown_in(case.memory, identity, name, window_s=window_s, now_s=case.reading.at_s) * unit_s / window_s
    if rate <= most.value:
        return
    sick = key == _SYMBOLS_PER_H
    said = f"grows by {rate:.3g} a {_UNITS[unit_s]}, and {most.value:g} is the most"
    result, action = (Result.FAULT, Action.CABLE) if sick else (Result.WATCH, Action.WATCH)
    yield _finding(port, identity, case, name, result, action, said, round(rate, 3), most)


def _finding(
    port: Port, identity: str, case: Case, name: str, result: Result, action: Action, said: str, value: float,
    expected: Expectation,
) -> Finding:  # fmt: skip
    return Finding(
        check="port-errors",
        subject=port.subject,
        code=name if result is Result.FAULT else f"{name}-rate",
        result=result,
        action=action,
        message=f"{name} of port {port.device}/{port.number} {said}",
        observed=value,
        expected=expected.value if isinstance(expected.value, int | float) else 0,
        source=expected.source,
        identity=known(port.guid, ""),
        at_s=last_grown_at(case.memory, identity, name),
    )


CHECK = Check(
    name="port-errors",
    about="The fabric's ports count no errors that a healthy link does not.",
    section=SectionName.PORT,
    subjects=ports,
    judge=_judge,
    all_fine=_all_fine,
    needs=(
        Threshold(key=_FATAL, type=list, about="counters that never grow on a healthy link"),
        Threshold(
            key=_FATAL_WINDOW_S, type=float, low=60, high=86400, about="seconds that such growth is held against it"
        ),
        Threshold(
            key=_SYMBOLS_PER_H, type=float, low=0, high=1e9, about="symbol errors an hour; 120 is a BER of 1e-12"
        ),
        *(
            Threshold(key=key, type=float, low=0, high=1e9, about=f"growth of {name} a {_UNITS[unit_s]}")
            for name, key, unit_s in _WATCHED
        ),
    ),
    detail="What a counter stands at says nothing: healthy ports have some of all. Judged is what it grew by in this boot, "
    "as a rate over at least a minute, symbol errors over an hour.",
    moving=True,
    explained_by=("port-state", "port-flap", "port-rate", "pci-lost"),
)
