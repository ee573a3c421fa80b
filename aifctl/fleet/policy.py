"""What the inventory's owner allows: caps, the protected set, which verbs need consent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The inventory's `policy:` section.

    Attributes:
        max_nodes: most nodes that one guarded run may touch; None sets no cap.
        max_nodes_per: the same per scope, as (scope, count) pairs; scope is rack, leaf, feed or su.
        protected: selector of the nodes that guarded verbs refuse; empty protects none.
        guarded: verbs that need confirmation here although they don't everywhere, e.g. ("run", "script").
        max_width: upper bound of `--width` (LDAP, shared home, mirrors); None sets none.
        drain_max_nodes: most nodes of the fleet that may stand drained when `sweep --act` drains another one; people and
            other tools may drain more. Our own choice: 50,000 H100 have about one failure an hour.
        drain_max_share: the same as a share of the fleet; the smaller of the two counts.
        drain_max_nodes_per: the same per scope, as in `max_nodes_per`.
        control_hosts: names of all hosts that aifctl is run on for this fleet; doctor compares. Empty says nothing.
        stale_after_s: age beyond which changing verbs refuse this inventory; None never.
    """

    max_nodes: int | None = None
    max_nodes_per: tuple[tuple[str, int], ...] = ()
    protected: str = ""
    guarded: tuple[str, ...] = ()
    max_width: int | None = None
    drain_max_nodes: int = 50
    drain_max_share: float = 0.02
    drain_max_nodes_per: tuple[tuple[str, int], ...] = (("rack", 2), ("leaf", 4))
    stale_after_s: float | None = None
    control_hosts: tuple[str, ...] = ()
