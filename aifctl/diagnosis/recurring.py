"""The same fault of the same part in a second boot: the first reboot was the cure that did not last.

What a check finds of that kind (Check.again) is remembered beyond its boot, one occasion a boot. Where it comes back within
the profile's window the part is to be replaced, whatever milder action the check has asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case, Threshold
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.memory import Memory, Occasion
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.subjects import gpu_subject

#: (check, code) → what it is a fault of; the same word for what several checks find of one fault.
Kinds = Mapping[tuple[str, str], str]

_COUNT, _WINDOW_S = "boot.again_count", "boot.again_window_s"
#: What a check with such findings asks a profile for; a profile that does not say it has nothing replaced by count.
NEEDS = (
    Threshold(key=_COUNT, type=int, low=2, high=100, optional=True, about="boots with the same fault, to replace the part"),
    Threshold(key=_WINDOW_S, type=float, low=3600, high=31_622_400, optional=True, about="seconds that those lie within"),
)  # fmt: skip

_MOST_OCCASIONS = 32
_REPLACED = (Action.RESET, Action.REBOOT, Action.DRAIN)
_DAY_S = 86400.0


def escalated(findings: Iterable[Finding], kinds: Kinds, case: Case) -> list[Finding]:
    """Return the findings, those of a second boot with what has to be done then. One that was told so stays as it is."""
    return [_escalated(one, kinds[one.check, one.code], case) if _counts(one, kinds) else one for one in findings]


def noted(memory: Memory, findings: Iterable[Finding], kinds: Kinds, reading: Reading) -> Memory:
    """Return the memory with what this boot has seen of such faults; the same one where there is nothing new."""
    occasions = _forgetting_places(memory.occasions, reading) if memory.occasions else ()
    for finding in findings:
        if not reading.boot_id or not _counts(finding, kinds):
            continue
        kind = kinds[finding.check, finding.code]
        if not any(one.boot_id == reading.boot_id and _is_same(one, kind, finding) for one in occasions):
            made = Occasion(
                kind=kind,
                subject=finding.subject,
                identity=finding.identity,
                boot_id=reading.boot_id,
                at_s=reading.at_s if finding.at_s is None else finding.at_s,
            )
            occasions = (*occasions, made)[-_MOST_OCCASIONS:]
    return memory if occasions == memory.occasions else replace(memory, occasions=occasions)


def _counts(finding: Finding, kinds: Kinds) -> bool:
    return finding.result is Result.FAULT and (finding.check, finding.code) in kinds


def _escalated(finding: Finding, kind: str, case: Case) -> Finding:
    said = case.profile.expectations if case.profile else {}
    if finding.action not in _REPLACED or _COUNT not in said or _WINDOW_S not in said:
        return finding
    window_s, boot_id = said[_WINDOW_S].value, case.reading.boot_id
    those = [one for one in case.memory.occasions if _is_same(one, kind, finding)]
    now_s = case.reading.at_s if finding.at_s is None else finding.at_s
    now_s = next((one.at_s for one in those if one.boot_id == boot_id), now_s)
    earlier = {one.boot_id: one.at_s for one in those if one.boot_id != boot_id and now_s - one.at_s <= window_s}
    count = len(earlier) + 1
    if count < said[_COUNT].value:
        return finding
    return replace(
        finding,
        action=Action.RMA,
        message=f"{finding.message}; in {count} boots within {window_s / _DAY_S:g} days, so that it is to be replaced",
        facts={
            **finding.facts,
            "boots_count": count,
            "earlier_boots": earlier,
            "boots_source": said[_COUNT].source,
        },
    )


def _is_same(one: Occasion, kind: str, finding: Finding) -> bool:
    """Whether it is of the same part: by serial where both times told it, else by place."""
    if one.kind != kind:
        return False
    return one.identity == finding.identity if one.identity and finding.identity else one.subject == finding.subject


def _forgetting_places(occasions: tuple[Occasion, ...], reading: Reading) -> tuple[Occasion, ...]:
    """Return the occasions, their place forgotten where another GPU is there now: history follows the part."""
    serials = {gpu_subject(gpu): gpu.serial for gpu in reading.gpu.gpus} if reading.gpu else {}
    return tuple(
        replace(one, subject="")
        if one.identity and not isinstance(there := serials.get(one.subject, Absent.MISSING), Absent) and there != one.identity
        else one
        for one in occasions
    )  # fmt: skip
