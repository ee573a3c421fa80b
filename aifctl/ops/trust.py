"""trust scan, show, forget: host keys and certificate authorities, and where each came from."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aifctl.core.errors import RefusedError
from aifctl.core.exit_codes import ExitCode, first_that_applies
from aifctl.core.outcome import Outcome
from aifctl.core.report import Column, Coverage, Field, FieldType, Head, Kind, Report
from aifctl.core.words import counted
from aifctl.custody import audit
from aifctl.custody.person import from_where, real_user
from aifctl.custody.plan_hash import PlannedAction, confirm_by_hash
from aifctl.dispatch.asked import Chosen, Consent, Fan
from aifctl.dispatch.consent import keep_plan, seek_consent
from aifctl.dispatch.selection import choose
from aifctl.fleet.nodeset_fold import fold_short
from aifctl.ops.scanning import Scanned, scan_all
from aifctl.ports.host_keys import HostKey, KeyChange, fingerprint_of
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

KEY = Kind(
    name="HostKey",
    about="A host key or certificate authority that would be accepted for a node.",
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="marker", title="marker", type=FieldType.STRING, about="cert-authority, revoked or nothing"),
        Column(key="key_type", title="type", type=FieldType.STRING, about="as ssh-keygen names it"),
        Column(key="fingerprint", title="fingerprint", type=FieldType.STRING, about="SHA256:…"),
        Column(key="source", title="from", type=FieldType.STRING, about="inventory, or file:line"),
        Column(key="comment", title="comment", type=FieldType.STRING, about="who scanned it, when, from where"),
        Column(key="hosts", title="hosts", wide=True, type=FieldType.STRING, about="the patterns in the file"),
    ),
    fields=(Field(key="key", type=FieldType.STRING, about="type base64"),),
)
CHANGE = Kind(
    name="HostKeyChange",
    about="What a scan saw of a node's host keys, beside what is known.",
    columns=(
        Column(key="node", title="node", type=FieldType.STRING, about="the node's name"),
        Column(key="change", title="change", type=FieldType.STRING, about="same, new, CHANGED or could not look"),
        Column(key="key_type", title="type", type=FieldType.STRING, about="as ssh-keygen names it"),
        Column(key="seen", title="seen", type=FieldType.STRING, about="fingerprint that the node shows now"),
        Column(key="known", title="known", type=FieldType.STRING, about="fingerprint that goes, with its source"),
        Column(key="message", title="message", type=FieldType.STRING, about="why it could not be looked at"),
    ),
)


def show(chosen: Chosen, tools: Toolbox, sink: Sink) -> Report:
    """Report all that would be accepted for each chosen node; exit 1 where a node has nothing."""
    names = choose(chosen, tools.known_fleet, tools)
    sink.open(Head(kind=KEY, facts={"selector": chosen.selector, "inventory": tools.known_fleet.origin}))
    bare = []
    for endpoint in tools.endpoints(names):
        trusted = tools.host_keys.trusted(endpoint)
        for key in trusted:
            sink.item(_key_item(endpoint.name, key))
        if not any(key.marker != "revoked" for key in trusted):
            bare.append(endpoint.name)
    note = f"{counted(len(bare))} without a trusted key: {fold_short(bare)}; `aifctl trust scan` collects them"
    return Report(
        exit=ExitCode.FINDINGS if bare else ExitCode.OK,
        notes=(note,) if bare else (),
        summary={"nodes_count": len(names), "without_count": len(bare)},
    )


def forget(fan: Fan, tools: Toolbox, sink: Sink) -> Report:
    """Remove the nodes' own entries from the known_hosts file that `scan` writes."""
    names = choose(fan.chosen, tools.fleet, tools)
    endpoints = tools.endpoints(names)
    held = {endpoint.name: tools.host_keys.trusted(endpoint) for endpoint in endpoints}
    prints = sorted({key.fingerprint for keys in held.values() for key in keys})
    plan = PlannedAction(
        verb="trust forget", arguments={"fingerprints": prints}, steps=("forget the host keys",), names=names
    )
    tools.note(f"inventory: {tools.fleet.origin}")
    sink.open(Head(kind=KEY, facts={"selector": fan.chosen.selector, "inventory": tools.fleet.origin}))
    if fan.consent.dry_run:
        for name, keys in held.items():
            for key in keys:
                sink.item(_key_item(name, key))
        return Report(notes=(keep_plan(plan, tools),), summary={"hash": plan.short})
    seek_consent(plan, fan.consent, tools, guarded=True, changing=True)
    _audit(plan, fan.consent, tools)
    gone = tools.host_keys.forget(endpoints)
    for key in gone:
        sink.item(_key_item(_name_of(key, held), key))
    kept = sum(map(len, held.values())) - len(gone)
    notes = [f"{len(gone)} {'entry is' if len(gone) == 1 else 'entries are'} gone"]
    if kept > 0:
        notes.append(f"{kept} stay: they are authorities, stand in other files or in the inventory, or name more nodes")
    return Report(notes=tuple(notes), summary={"nodes_count": len(names), "forgotten_count": len(gone)})


def scan(fan: Fan, tools: Toolbox, sink: Sink) -> Report:
    """Collect host keys, report what differs from what is trusted, and write it where that is consented to."""
    names = choose(fan.chosen, tools.fleet, tools)
    tools.note(f"inventory: {tools.fleet.origin}")
    scanned, stopped = asyncio.run(scan_all(tools.endpoints(names), tools))
    changes = tools.host_keys.changes([(one.endpoint, one.keys) for one in scanned if one.error is None])
    sink.open(Head(kind=CHANGE, facts={"selector": fan.chosen.selector, "inventory": tools.fleet.origin}))
    for item in _change_items(scanned, changes):
        sink.item(item)
    report = _scan_report(scanned, changes, stopped, len(names))
    if not changes or stopped is not ExitCode.OK:
        return report
    plan = _scan_plan(changes)
    if fan.consent.dry_run:
        note = keep_plan(plan, tools)
        return _noted(report, note, {"hash": plan.short})
    _agree(plan, changes, fan.consent, tools)
    _audit(plan, fan.consent, tools)
    who, where = real_user(tools.environ), from_where(tools.environ)
    at = tools.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    tools.host_keys.write(changes, comment=f"aifctl trust scan {at} by {who} from {where}")
    return _noted(
        report, f"the keys of {counted(len(changes))} are trusted from now on", {"written_count": len(changes)}
    )


def _agree(plan: PlannedAction, changes: Sequence[KeyChange], consent: Consent, tools: Toolbox) -> None:
    """Return where a person agrees to trust these keys, however few: RefusedError otherwise."""
    if consent.confirm_hash is not None:
        confirm_by_hash(tools.state, plan, consent.confirm_hash)
        return
    if consent.yes:
        return
    changed = sum(bool(change.old) for change in changes)
    what = f"trust scan would trust new keys of {counted(len(changes))}, of which {changed} HAVE CHANGED"
    if not tools.confirm.possible:
        raise RefusedError(
            f"{what}, and nobody is at the terminal to confirm it: compare the fingerprints, then give --yes or "
            f"--confirm-hash {plan.short}"
        )
    question = f"{what}. Compare the fingerprints with another source, then type the number of nodes to trust them:"
    if not tools.confirm.ask(question, expected=str(len(changes))):
        raise RefusedError(f"not confirmed: {len(changes)} was not typed; nothing was written")


def _scan_plan(changes: Sequence[KeyChange]) -> PlannedAction:
    keys = {change.endpoint.name: sorted(change.new) for change in changes}
    return PlannedAction(
        verb="trust scan", arguments={"keys": keys}, steps=("trust these host keys",), names=tuple(keys)
    )


def _scan_report(scanned: Sequence[Scanned], changes: Sequence[KeyChange], stopped: ExitCode, total: int) -> Report:
    answered = sum(one.error is None for one in scanned)
    unseen = [one.endpoint.name for one in scanned if one.error is not None]
    codes = [stopped]
    if unseen:
        codes.append(ExitCode.COVERAGE if answered else ExitCode.NONE_ASKED)
    if any(one.error is not None and one.error.outcome is Outcome.UNKNOWN for one in scanned):
        codes.append(ExitCode.BUG)
    counts = Counter("CHANGED" if change.old else "new" for change in changes)
    return Report(
        exit=first_that_applies(*codes),
        coverage=Coverage(asked=total, answered=answered),
        notes=(f"could not look at {counted(len(unseen))}: {fold_short(unseen)}",) if unseen else (),
        summary={"nodes_count": total, "counts": dict(counts)},
        complete=not unseen,
    )


def _noted(report: Report, note: str, more: dict[str, object]) -> Report:
    return replace(report, notes=(*report.notes, note), summary={**report.summary, **more})


def _change_items(scanned: Sequence[Scanned], changes: Sequence[KeyChange]) -> Iterator[dict[str, object]]:
    by_node = {change.endpoint.name: change for change in changes}
    for one in scanned:
        name = one.endpoint.name
        if one.error is not None:
            yield {"node": name, "change": "could not look", "message": one.error.message}
            continue
        change = by_node.get(name)
        if change is None:
            yield {"node": name, "change": "same", "key_type": " ".join(key.split()[0] for key in one.keys)}
            continue
        for key in change.new:
            kind = key.split()[0]
            old = [known for known in change.old if known.key.split()[0] == kind]
            yield {
                "node": name,
                "change": "CHANGED" if old else "new",
                "key_type": kind,
                "seen": fingerprint_of(key),
                "known": ", ".join(f"{known.fingerprint} ({known.source})" for known in old) or None,
            }


def _key_item(name: str, key: HostKey) -> dict[str, object]:
    return {
        "node": name,
        "marker": key.marker or None,
        "key_type": key.key.split()[0],
        "fingerprint": key.fingerprint,
        "source": key.source,
        "comment": key.comment or None,
        "hosts": key.hosts,
        "key": key.key,
    }


def _name_of(key: HostKey, held: Mapping[str, Sequence[HostKey]]) -> str:
    return next((name for name, keys in held.items() if any(one.key == key.key for one in keys)), key.hosts)


def _audit(plan: PlannedAction, consent: Consent, tools: Toolbox) -> None:
    audit.append(
        tools.state,
        clock=tools.clock,
        who=real_user(tools.environ),
        from_where=from_where(tools.environ),
        verb=plan.verb,
        what=f"{counted(len(plan.names))}: {fold_short(list(plan.names))}",
        why=consent.reason,
    )
