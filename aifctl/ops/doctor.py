"""doctor: what to know of a control host before trusting it. It dials no node, asks nobody for a password and mends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

from aifctl.core.errors import AifctlError
from aifctl.core.exit_codes import ExitCode
from aifctl.core.report import Column, FieldType, Head, Item, Kind, Report
from aifctl.core.settings import TABLE, Setting
from aifctl.ops.doctor_inventory import look_at_inventory
from aifctl.ops.doctor_login import look_at_agent, look_at_keys, look_at_known_hosts, look_at_ssh_config
from aifctl.ops.doctor_past import look_at_audit, look_at_locks, look_at_runs, verify_audit
from aifctl.ops.doctor_place import (
    look_at_clock,
    look_at_descriptors,
    look_at_state,
    look_at_terminal,
    look_at_versions,
)
from aifctl.ops.doctor_profiles import look_at_profiles
from aifctl.ops.doctor_rows import Check, Row, Status, look
from aifctl.ops.doctor_store import look_at_store
from aifctl.ops.programs import Programs, SystemPrograms
from aifctl.ports.sink import Sink
from aifctl.ports.toolbox import Toolbox

DOCTOR = Kind(
    name="Doctor",
    about="One setting or one check of this control host.",
    key="what",
    keeps_order=True,
    columns=(
        Column(key="what", title="what", type=FieldType.STRING, about="the setting's name, or what was looked at"),
        Column(key="part", title="part", type=FieldType.STRING, about="setting or check"),
        Column(key="status", title="status", type=FieldType.STRING, about="ok, warn or fail"),
        Column(key="found", title="found", type=FieldType.STRING, about="the value, or what was found"),
        Column(key="source", title="from", type=FieldType.STRING, about="flag, variable, file, built-in, or a rule"),
        Column(key="advice", title="advice", type=FieldType.STRING, about="what to do, where there is something to do"),
    ),
)

_SECRETS = frozenset({"key_password", "sudo_password"})
#: Several references in one text: what is wrong with it may be that a token stands there.
_REFERRING = frozenset({"notify"})
_REFERENCES = ("file:", "fd:", "cmd:")
_SETTINGS_FILE = "mend it or remove it: every other command ends with 6, and nothing of it counts in what follows here"


def doctor(audit: bool, tools: Toolbox, sink: Sink, *, programs: Programs | None = None) -> Report:
    """Report every setting with its origin, then every check; exit 6 where one fails, 1 where only the audit chain does."""
    sink.open(Head(kind=DOCTOR, facts={"state_dir": str(tools.state.path)}))
    rows: list[Row] = []
    for row in _settings(tools):
        rows.append(row)
        sink.item(_item("setting", row))
    for row in _checks(tools, programs or SystemPrograms()):
        rows.append(row)
        sink.item(_item("check", row))
    chain = look("audit chain", verify_audit if audit else look_at_audit, tools)
    for row in chain:
        sink.item(_item("check", row))
    return _report(rows, chain)


def _settings(tools: Toolbox) -> Iterator[Row]:
    for problem in tools.settings.problems:
        yield Row(what="settings file", status=Status.FAIL, found=str(problem), advice=_SETTINGS_FILE)
    for setting in TABLE:
        yield from look(setting.name, partial(_setting, setting), tools)


def _setting(setting: Setting, tools: Toolbox) -> Iterable[Row]:
    origin = tools.settings.origin(setting.name)
    if setting.name in _SECRETS and origin.text and not _is_reference(origin.text):
        advice = "write file:PATH, fd:N or cmd:COMMAND; a password that stood here should be changed"
        found = "not a reference; not shown"
        return [Row(what=setting.name, status=Status.FAIL, found=found, source=origin.source, advice=advice)]
    try:
        if origin.text:
            tools.settings.value(setting.name)
    except AifctlError as problem:
        found = "not references; not shown" if setting.name in _REFERRING else origin.text
        return [Row(what=setting.name, status=Status.FAIL, found=found, source=origin.source, advice=str(problem))]
    found = origin.text or (str(tools.state.path) if setting.name == "state_dir" else "")
    return [Row(what=setting.name, found=found, source=origin.source)]


def _is_reference(text: str) -> bool:
    return text == "ask" or text.startswith(_REFERENCES)


def _checks(tools: Toolbox, programs: Programs) -> Iterator[Row]:
    checks: tuple[tuple[str, Check], ...] = (
        ("inventory", look_at_inventory),
        ("profiles", look_at_profiles),
        ("state directory", look_at_state),
        ("store", look_at_store),
        ("open files", look_at_descriptors),
        ("keys", look_at_keys),
        ("agent", look_at_agent),
        ("known_hosts", look_at_known_hosts),
        ("ssh_config", look_at_ssh_config),
        ("clock", look_at_clock),
        ("terminal", look_at_terminal),
        ("versions", partial(look_at_versions, programs=programs)),
        ("runs", look_at_runs),
        ("lock", look_at_locks),
    )
    for what, check in checks:
        yield from look(what, check, tools)


def _item(part: str, row: Row) -> Item:
    return {
        "part": part,
        "what": row.what,
        "status": row.status.value,
        "found": row.found or None,
        "source": row.source or None,
        "advice": row.advice or None,
    }


def _report(rows: list[Row], chain: list[Row]) -> Report:
    everything = [*rows, *chain]
    counts = Counter(row.status for row in everything)
    failed = list(dict.fromkeys(row.what for row in everything if row.status is Status.FAIL))
    code = ExitCode.OK
    if any(row.status is Status.FAIL for row in rows):
        code = ExitCode.SETUP
    elif failed:
        code = ExitCode.FINDINGS
    warned = counts[Status.WARN]
    notes = (f"failed: {', '.join(failed)}",) if failed else ()
    return Report(
        exit=code,
        notes=(*notes, f"{warned} warning{'s' * (warned != 1)}") if warned else notes,
        summary={f"{status.value}_count": counts[status] for status in Status},
    )
