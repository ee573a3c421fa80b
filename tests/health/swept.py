"""A store as sweeps leave it behind, written through its own seam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aifctl.ports.store import Store
from aifctl.ports.store_writes import By, FindingChange, NodeLook, Sighting

PAT = By(who="pat", from_where="192.0.2.9")
_BATCH = 256


@dataclass(kw_only=True)
class Found:
    """What a sweep finds on one node."""

    result: str = "fault"
    check: str = "gpu-lost"
    subject: str = "gpu:0000:1b:00.0"
    code: str = "lost"
    action: str = "drain"
    message: str = "GPU 0000:1b:00.0 has fallen off the bus"
    kind: str = FindingChange.OPENED
    evidence: Mapping[str, Any] = field(default_factory=lambda: {"observed": 7, "expected": 8, "source": "h100-sxm5"})

    def change(self) -> FindingChange:
        return FindingChange(
            kind=self.kind, check=self.check, subject=self.subject, code=self.code, result=self.result,
            action=self.action, message=self.message, evidence=self.evidence,
        )  # fmt: skip


def sweep(
    store: Store,
    id: str,  # noqa: A002  the row's own word
    names: Sequence[str],
    *,
    at_s: float,
    found: Mapping[str, Found] | None = None,
    gone: Sequence[str] = (),
    selector: str = "@all",
    asked: int | None = None,
    ends: bool = True,
) -> None:
    """Look at nodes: `found` are not ok, `gone` do not answer, all others are ok."""
    found = found or {}
    store.begin_sweep(id, selector=selector, asked=len(names) if asked is None else asked, probe="0123", facts={})
    looks = [_look(name, at_s, found.get(name), is_gone=name in gone) for name in names]
    for start in range(0, len(looks), _BATCH):
        store.add(id, looks[start : start + _BATCH])
    if ends:
        store.end_sweep(id, answered=len(names) - len(gone), exit_code=0, facts={})


def sighting(check: str, scope: str, scope_value: str, nodes: Sequence[str], **more: Any) -> Sighting:
    told: dict[str, Any] = {"code": "lost", "result": "fault", "action": "drain", "message": f"{check} is wrong"} | more
    return Sighting(check=check, scope=scope, scope_value=scope_value, nodes=tuple(nodes), **told)


def _look(name: str, at_s: float, found: Found | None, *, is_gone: bool) -> NodeLook:
    if is_gone:
        miss = Found(result="unreachable", check="reachability", subject="node", code="connect-timeout", action="none",
                     message="no answer in 10 s")  # fmt: skip
        return NodeLook(
            node=name, at_s=at_s, outcome="connect-timeout", result="unreachable", answered=False,
            message=miss.message, worst_check=miss.check, changes=(miss.change(),),
        )  # fmt: skip
    if found is None:
        return NodeLook(node=name, at_s=at_s, outcome="ok", result="ok", boot_id="b1")
    result = "ok" if found.kind == FindingChange.CLEARED else found.result
    worst = "" if result == "ok" else found.check
    return NodeLook(
        node=name, at_s=at_s, outcome="ok", result=result, worst_check=worst, boot_id="b1", changes=(found.change(),)
    )
