"""Findings about the node itself: what they have in common."""

from __future__ import annotations

from typing import Any

from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.subjects import NODE
from aifctl.fleet.profile import Expectation

#: The beginning of the type of a file system that a server keeps: what is wrong with it is no node's business.
_NETWORK = ("9p", "afs", "beegfs", "ceph", "cifs", "fuse", "glusterfs", "gpfs", "lustre", "nfs", "orangefs", "smb", "wekafs")  # fmt: skip


def node_finding(
    check: str,
    code: str,
    message: str,
    *,
    result: Result,
    action: Action,
    observed: Any = None,
    expected: Expectation | None = None,
    subject: str = NODE,
    **more: Any,
) -> Finding:
    """Return a finding; `expected`, where it comes from a profile, brings its source along."""
    return Finding(
        check=check,
        subject=subject,
        code=code,
        result=result,
        action=action,
        message=message,
        observed=observed,
        expected=expected.value if expected else more.pop("expectation", None),
        source=expected.source if expected else more.pop("source", ""),
        **more,
    )


def is_network(type_: str) -> bool:
    """Return whether a file system of that type lives on other machines."""
    return type_.startswith(_NETWORK)


def shown_bytes(count: float) -> str:
    """Return 2.0 TiB of 2164271104000."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:  # noqa: PLR2004  the next unit
            return f"{count:.4g} {unit}"
        count /= 1024
    return f"{count:.4g} TiB"
