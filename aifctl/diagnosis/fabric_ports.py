"""Which of a node's ports are its fabric's, and which are nobody's business: storage, management, spare ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from aifctl.diagnosis.absent import Absent, CannotTellError, NeutralError
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.subjects import NODE

COUNT, RATE, LAYER = "port.count", "port.rate_gbits_s", "port.link_layer"
_INFINIBAND = "infiniband"


def port_section(reading: Reading) -> Iterator[tuple[str, PortSection]]:
    """All ports as one subject, the node."""
    if reading.port is None:
        raise CannotTellError("ports", "not read")
    yield NODE, reading.port


def need_fabric_port(port: Port, case: Case) -> None:
    """NeutralError where the fabric has no business with this port."""
    if not is_fabric_port(port, case):
        raise NeutralError(f"{port.device}/{port.number} is none of the fabric's")


def is_fabric_port(port: Port, case: Case) -> bool:
    """Whether the fabric needs this port; where no profile says how many it has, every InfiniBand port may be one."""
    expectations = case.profile.expectations if case.profile else {}
    if COUNT not in expectations:
        return port.link_layer == _INFINIBAND
    if RATE in expectations and port.link_layer == _INFINIBAND and port.rate_gbits_s == expectations[RATE].value:
        return True
    rate = float(case.expect(RATE).value)
    ports = case.reading.port.ports if case.reading.port else ()
    count = int(case.expect(COUNT).value)
    if sum(one.rate_gbits_s == rate and one.link_layer == _INFINIBAND for one in ports) >= count:
        return False  # all are there: on a healthy node there is no more to think about
    return port in fabric_ports(ports, count, rate)


def has_fabric_port(ports: Iterable[Port], case: Case) -> bool:
    """Whether one of them is the fabric's: where none is there is nothing to judge."""
    return any(is_fabric_port(port, case) for port in ports)


def fabric_ports(ports: Sequence[Port], count: int, rate_gbits_s: float) -> tuple[Port, ...]:
    """Return the ports that a fabric of `count` ports at a rate needs: fewer where it can't be told which, or none is left.

    Those that are as they should be, and then, as long as some are missing, whatever else they may have become: first
    of the same board, since a node's fabric HCAs are all of one kind, then any other InfiniBand port, then any other
    at the rate. A group of candidates that is larger than the gap is left alone: guessing would blame storage ports.
    """
    found = _first(ports, count, rate_gbits_s)
    if len(found) >= count:
        return tuple(found)
    boards = {_board(port) for port in found if port.rate_gbits_s == rate_gbits_s}
    alike = [port for port in ports if _board(port) in boards]
    for candidates in (
        [port for port in alike if port.link_layer == _INFINIBAND],
        alike,
        [port for port in ports if port.link_layer == _INFINIBAND],
        [port for port in ports if port.rate_gbits_s == rate_gbits_s],
    ):
        new = [port for port in candidates if port not in found]
        if len(new) <= count - len(found):
            found += new
    return tuple(found)


def _first(ports: Sequence[Port], count: int, rate_gbits_s: float) -> list[Port]:
    """Return what the fabric's ports are known by: InfiniBand at the rate; InfiniBand; else Ethernet at the rate."""
    infiniband = [port for port in ports if port.link_layer == _INFINIBAND]
    at_rate = [port for port in infiniband if port.rate_gbits_s == rate_gbits_s]
    if at_rate:
        return at_rate
    if not infiniband:
        return [port for port in ports if port.rate_gbits_s == rate_gbits_s]
    if len(infiniband) <= count:
        return infiniband
    by_board: dict[object, list[Port]] = {}
    for port in infiniband:
        by_board.setdefault(_board(port), []).append(port)
    return max(by_board.values(), key=lambda group: (len(group) == count, len(group)))


def _board(port: Port) -> tuple[str | Absent, str | Absent]:
    return port.hca_type, port.psid
