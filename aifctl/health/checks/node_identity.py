"""Is it the node that we meant to ask?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from aifctl.diagnosis.absent import Absent, NeutralError, told
from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.host import Host
from aifctl.diagnosis.host_findings import node_finding
from aifctl.diagnosis.reading import SectionName
from aifctl.diagnosis.subjects import host

_SOURCE = "the inventory"
_OF_NODE = ("chassis", "product", "board")


def _judge(node: Host, case: Case) -> Iterator[Finding]:
    known_as = case.inventory.get("name", "")
    if not known_as:
        raise NeutralError("name")  # a file that somebody sent
    yield from _serial(node, case.inventory)
    names = {_host_of(known_as), _host_of(case.inventory.get("address", ""))} - {""}
    if not names:
        return  # known by a number alone, as in a hostfile
    hostname = told(node.hostname, "hostname")
    if {_short(hostname), hostname.lower()}.isdisjoint(
        {_short(name) for name in names} | {name.lower() for name in names}
    ):
        said = (
            f"who answers for {known_as} calls itself {hostname}: its name, or its address in the inventory, is wrong"
        )
        yield node_finding(
            "node-identity", "hostname", said, result=Result.WATCH, action=Action.FIX, observed=hostname,
            expectation=sorted(names), source=_SOURCE,
        )  # fmt: skip


def _serial(node: Host, inventory: Mapping[str, str]) -> Iterator[Finding]:
    wanted = {part: inventory[f"serial.{part}"] for part in _OF_NODE if inventory.get(f"serial.{part}")}
    if not wanted or node.serials in (Absent.DENIED, Absent.NOT_AVAILABLE):
        return
    serials = told(node.serials, "serials")
    found = {serial.strip().lower() for serial in serials.values()}
    if any(serial.strip().lower() in found for serial in wanted.values()):
        return
    theirs, ours = ", ".join(sorted(set(serials.values()))), ", ".join(sorted(set(wanted.values())))
    said = f"wrong node: who answers has the serial {theirs}, and the inventory says {ours}; a swapped node, or a wrong address"
    yield node_finding(
        "node-identity", "serial", said, result=Result.FAULT, action=Action.DRAIN, observed=dict(serials),
        expectation=wanted, source=_SOURCE,
    )  # fmt: skip


def _short(name: str) -> str:
    return name.lower().partition(".")[0]


def _host_of(address: str) -> str:
    """Return an address's name; "" of numbers, which name nobody."""
    if ":" not in address and not address[:1].isdigit():
        return address  # as of nearly all, and sooner than to try
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return address
    return ""


CHECK = Check(
    name="node-identity",
    about="Who answers is the node that the inventory means, by its serial and by its name.",
    section=SectionName.HOST,
    subjects=host,
    judge=_judge,
    detail="A node that answers with another node's serial is drained under the name it was asked by: what runs there is not "
    "what was scheduled there. Serials take root: where the login user may not read them the name alone is judged, else "
    "every node of a fleet that is looked at as another user would be unknown. A name alone proves little, and is watched.",
)
