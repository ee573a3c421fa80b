"""doctor looks at what is remembered: which store, whether it answers, and whether all control hosts of the fleet share it.

Leases, drains and freezes stand in the store alone: a control host with a store of its own sees none of the others'. Which
hosts there are can't be seen from here, so that the inventory's policy names them; who writes into a store, the store knows.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator, Sequence

from aifctl.core.errors import AifctlError
from aifctl.core.process import control_host_word
from aifctl.core.store_url import StoreUrl
from aifctl.ops.doctor_rows import Row, Status
from aifctl.ports.toolbox import Toolbox

_SHARED = "control hosts"
_READ_HERE = "file:"
_HOW = "give all of them one PostgreSQL (state in their settings, or --state)"


def look_at_store(tools: Toolbox) -> Iterator[Row]:
    """Yield the store and who shares it; one that does not answer, or has a newer schema, is the caller's to tell."""
    url: StoreUrl = tools.settings.value("state")
    source = tools.settings.origin("state").source
    if url.password and not url.password.startswith(_READ_HERE):
        found = f"{url.shown}, not looked into: its password would be asked for"
        yield Row(what="store", found=found, source=source, advice="aifctl status looks into it")
        yield from _shared(tools, url, None)
        return
    reader = tools.store_reader
    kind = "PostgreSQL" if url.is_postgresql else "SQLite"
    if reader is None:
        yield Row(what="store", found=f"{kind}, nothing is remembered yet ({url.shown})", source=source)
        yield from _shared(tools, url, frozenset())
        return
    hosts = reader.control_hosts()
    yield Row(what="store", found=f"{kind}, written by {_named(hosts)} ({url.shown})", source=source)
    yield from _shared(tools, url, hosts)


def _shared(tools: Toolbox, url: StoreUrl, writers: frozenset[str] | None) -> Iterator[Row]:
    """Yield what the policy's control hosts and the store's writers say of each other; None: nobody looked."""
    told, here = _told(tools), socket.gethostname()
    if told is None:
        yield Row(what=_SHARED, status=Status.WARN, found="not compared: the inventory can't be read")
        return
    words = {control_host_word(name): name for name in told}
    others = sorted(name for word, name in words.items() if word != control_host_word(here))
    if told and control_host_word(here) not in words:
        found = f"this one, {here}, is not among those of the inventory's policy: {_named(told)}"
        yield Row(what=_SHARED, status=Status.WARN, found=found, advice="add it to control_hosts, or work from those")
    if not url.is_postgresql:
        yield _alone(others)
    elif writers is not None:
        yield _compared(words, writers)
    else:
        yield Row(what=_SHARED, found="not compared: the store was not looked into")


def _told(tools: Toolbox) -> Sequence[str] | None:
    try:
        return tools.fleet.policy.control_hosts
    except AifctlError:  # it has a row of its own
        return None


def _alone(others: Sequence[str]) -> Row:
    if others:
        found = (
            f"{_named(others)} can't see what is leased, drained or frozen here, nor this one what they have: SQLite"
        )
        return Row(what=_SHARED, status=Status.FAIL, found=found, advice=_HOW)
    advice = f"where another one runs this fleet as well, {_HOW} and name them in the inventory's policy: control_hosts"
    return Row(
        what=_SHARED, found="this one alone, as far as the inventory says: SQLite is nobody else's", advice=advice
    )


def _compared(words: dict[str, str], writers: frozenset[str]) -> Row:
    missing = [name for word, name in sorted(words.items()) if word not in writers]
    if missing:
        found = f"{_named(missing)} of the inventory's policy never wrote into this store"
        advice = f"run aifctl doctor there: with another store, it sees no lease or drain of this one's; {_HOW}"
        return Row(what=_SHARED, status=Status.WARN, found=found, advice=advice)
    strange = sorted(writers - set(words)) if words else []
    if strange:
        advice = "add them to control_hosts of the inventory's policy, or find out who they are"
        return Row(what=_SHARED, status=Status.WARN, found=f"{_named(strange)} wrote here, too", advice=advice)
    found = f"{_named(words.values())} share this store" if words else "whoever names this store shares it"
    advice = "" if words else "name them in the inventory's policy, control_hosts: then one that is missing shows"
    return Row(what=_SHARED, found=found, advice=advice)


def _named(hosts: Collection[str]) -> str:
    return ", ".join(sorted(hosts)) or "nobody"
