"""From the findings of a whole sweep to incidents: what is wrong is said once, of the largest thing that explains it.

In a node, eight of eight GPUs are the chassis. Among nodes, a leaf, a rack, a feed, a unit, a hall or a driver version
explains a finding where most of it is hit and hardly anything else is. What is left over and hits too large a share of
the fleet makes the check itself suspect: the alarm stays, the action is withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aifctl.diagnosis.check import NO_PROFILE
from aifctl.diagnosis.finding import CHECK_FAILED, DRAINING, RANK, REACHABILITY, Action, Finding, Result
from aifctl.diagnosis.job_faults import of_jobs
from aifctl.diagnosis.muting import is_muted
from aifctl.diagnosis.scopes import SHARED, Ground, Rules, Scopes, explaining
from aifctl.diagnosis.subjects import NODE

Cause = tuple[str, str]

#: The check of incidents that say that no profile fits a node.
PROFILE = "profile"

_NO_PROFILE_FITS = (
    "no profile fits its SKU, so that all that is compared with one is unknown: name its sku: in the inventory, or give the "
    "sweep --profile NAME"
)

#: Of incidents that no node is to blame for: one job's.
JOB = "job"

#: In one node.
LOCAL = ("gpu", "node", "chassis")

_INCIDENT_RESULTS = frozenset({Result.FAULT, Result.DEGRADED, Result.UNREACHABLE, Result.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that is wrong, however many findings say so.

    Attributes:
        scope, scope_value: gpu, node, chassis, leaf, rack, su, feed, hall, cohort, job or check (suspect), and which:
            a serial or `NODE gpu:ADDRESS`, a node, a leaf's name, a job's process and so on.
        nodes: in order of name.
        findings: all that it explains.
        suspect: the check itself is in doubt; nothing is to be done on its word.
        shared: the cause lies outside the nodes; draining them one by one would not help.
    """

    check: str
    code: str
    scope: str
    scope_value: str
    nodes: tuple[str, ...]
    findings: tuple[Finding, ...]
    result: Result
    action: Action
    message: str
    suspect: bool = False

    @property
    def shared(self) -> bool:
        return self.scope in SHARED

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same incident in the next sweep."""
        return self.check, self.code, self.scope, self.scope_value


def fold(
    findings: Iterable[Finding],
    ground: Ground,
    *,
    explained_by: Mapping[str, Sequence[str]] | None = None,
    rules: Rules | None = None,
) -> tuple[Incident, ...]:
    """Return the incidents, worst and widest first."""
    rules = rules or Rules()
    heard = [one for one in findings if not is_muted(one)]
    jobs = list(of_jobs(heard, rules))
    of_a_job = {id(one) for _, those in jobs for one in those}
    telling = [one for one in heard if one.result in _INCIDENT_RESULTS and id(one) not in of_a_job]
    roots, joined = _rooted([*_missing_profiles_once(telling)], explained_by or {})
    by_cause: dict[Cause, list[Finding]] = {}
    for finding in roots:
        by_cause.setdefault((finding.check, finding.code), []).append(finding)
    scopes = Scopes(ground)
    found = [one for those in by_cause.values() for one in _of_cause(those, joined, ground, scopes, rules)]
    found += [_of_job(process, those) for process, those in jobs if _is_news(those, ground, rules)]
    found.sort(key=lambda one: (-RANK[one.result], -len(one.nodes), one.check, one.code, one.scope_value))
    return tuple(found)


def _of_job(process: str, findings: Sequence[Finding]) -> Incident:
    nodes, first = sorted({one.node for one in findings}), findings[0]
    return Incident(
        check=first.check,
        code=first.code,
        scope=JOB,
        scope_value=process,
        nodes=tuple(nodes),
        findings=tuple(findings),
        result=Result.WATCH,
        action=Action.APP,
        message=f"{len(nodes)} nodes at once: it is the job, and not their GPUs; first: {first.message}",
    )


def _is_news(findings: Sequence[Finding], ground: Ground, rules: Rules) -> bool:
    return max(one.at_s or 0.0 for one in findings) >= ground.at_s - rules.job_told_s


def _missing_profiles_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Of all that can't be told of a node because no profile fits it, keep one: a dozen incidents would say the same."""
    told: set[str] = set()
    for finding in findings:
        if finding.observed != NO_PROFILE:
            yield finding
        elif finding.node not in told:
            told.add(finding.node)
            yield replace(finding, check=PROFILE, subject=NODE, code="none", message=_NO_PROFILE_FITS)


def _rooted(
    findings: list[Finding], explained_by: Mapping[str, Sequence[str]]
) -> tuple[list[Finding], dict[int, list[Finding]]]:
    """Return the findings that nothing on their node explains, and by id of those what they explain."""
    by_node: dict[str, list[Finding]] = {}
    for finding in findings:
        by_node.setdefault(finding.node, []).append(finding)
    roots: list[Finding] = []
    joined: dict[int, list[Finding]] = {}
    for those in by_node.values():
        for finding in those:
            root = _root_of(finding, those, explained_by)
            if root is finding:
                roots.append(finding)
            else:
                joined.setdefault(id(root), []).append(finding)
    return roots, joined


def _root_of(finding: Finding, those: list[Finding], explained_by: Mapping[str, Sequence[str]]) -> Finding:
    """Follow explanations to their beginning; where they go in a circle it is the first of it by name."""
    path = [finding]
    while reasons := explained_by.get(path[-1].check):
        reason = next((one for one in those if one.check in reasons and _about_the_same(one, path[-1])), None)
        if reason is None:
            break
        if reason in path:
            return min(path[path.index(reason) :], key=lambda one: one.key)
        path.append(reason)
    return path[-1]


def _about_the_same(one: Finding, other: Finding) -> bool:
    return one.subject == other.subject or NODE in {one.subject, other.subject}


def _of_cause(
    findings: list[Finding], joined: Mapping[int, list[Finding]], ground: Ground, scopes: Scopes, rules: Rules
) -> Iterator[Incident]:
    left: dict[str, list[Finding]] = {}
    for finding in findings:
        left.setdefault(finding.node, []).append(finding)
    all_of = {
        node: [*those, *(one for root in those for one in joined.get(id(root), ()))] for node, those in left.items()
    }
    # That a check fails is its own doing, wherever the nodes stand on which it does.
    for kind, value, nodes in explaining(left, scopes, rules) if findings[0].code != CHECK_FAILED else ():
        yield _incident(kind, value, {node: all_of[node] for node in nodes}, left[nodes[0]][0])
        for node in nodes:
            del left[node]
    if _is_suspect(len(left), ground, rules):
        first = next(iter(left.values()))[0]
        yield _suspect(first, {node: all_of[node] for node in left}, ground)
        return
    for node, those in left.items():
        yield from _in_node(node, those, joined, ground)


_SUSPECTED = {REACHABILITY: "this control host and its network", PROFILE: "the inventory and the profiles"}


def _is_suspect(count: int, ground: Ground, rules: Rules) -> bool:
    return count >= rules.suspect_least_nodes and count > rules.suspect_share * len(ground.judged)


def _in_node(
    node: str, those: list[Finding], joined: Mapping[int, list[Finding]], ground: Ground
) -> Iterator[Incident]:
    gpus = [one for one in those if one.subject.startswith("gpu:")]
    whole = len({one.subject for one in gpus}) == ground.gpu_counts.get(node, 0) > 1
    if whole:
        yield _incident("chassis", node, {node: _with_joined(gpus, joined)}, gpus[0], of=ground.gpu_counts[node])
    elif gpus:
        for gpu in gpus:
            value = gpu.identity or f"{node} {gpu.subject}"
            yield _incident("gpu", value, {node: _with_joined([gpu], joined)}, gpu)
    rest = [one for one in those if not one.subject.startswith("gpu:")]
    if rest:
        yield _incident("node", node, {node: _with_joined(rest, joined)}, rest[0])


def _with_joined(roots: list[Finding], joined: Mapping[int, list[Finding]]) -> list[Finding]:
    return [*roots, *(one for root in roots for one in joined.get(id(root), ()))]


def _incident(scope: str, value: str, by_node: Mapping[str, list[Finding]], root: Finding, *, of: int = 0) -> Incident:
    findings = tuple(one for those in by_node.values() for one in those)
    return Incident(
        check=root.check,
        code=root.code,
        scope=scope,
        scope_value=value,
        nodes=tuple(sorted(by_node)),
        findings=findings,
        result=max((one.result for one in findings), key=RANK.__getitem__),
        action=_worst_action(findings),
        message=_said(scope, value, root, by_node, of),
    )


def _suspect(first: Finding, by_node: Mapping[str, list[Finding]], ground: Ground) -> Incident:
    findings = tuple(one for those in by_node.values() for one in those)
    share = len(by_node) / len(ground.judged)
    return Incident(
        check=first.check,
        code=first.code,
        scope="check",
        scope_value=first.check,
        nodes=tuple(sorted(by_node)),
        findings=findings,
        result=max((one.result for one in findings), key=RANK.__getitem__),
        action=Action.NONE,
        message=f"{_doubt(first, f'{len(by_node)} of {len(ground.judged)} nodes ({share:.0%})')}; first: {first.message}",
        suspect=True,
    )


def _doubt(first: Finding, those: str) -> str:
    if first.code == CHECK_FAILED:
        return f"it fails itself on {those} and judges nothing there: mend it, or `aifctl checks mute {first.check}`"
    suspected = _SUSPECTED.get(first.check, "the check")
    return (
        f"{those} fail it at once and no rack, feed, leaf, hall or driver version explains that: "
        f"look at {suspected} before the nodes"
    )


_ORDER = tuple(Action)


def _worst_action(findings: Sequence[Finding]) -> Action:
    return max((one.action for one in findings), key=_ORDER.index)


def _said(scope: str, value: str, root: Finding, by_node: Mapping[str, list[Finding]], of: int) -> str:
    if scope == "chassis":
        return f"{of} of {of} GPUs: {root.message}"
    if scope in SHARED:
        what = f"driver {value}" if scope == "cohort" else f"{scope} {value}"
        return f"{len(by_node)} nodes of {what}: {root.message}"
    return root.message


def drains(incident: Incident) -> bool:
    """Return whether its nodes are to be taken out of service: a fault or worse of their own, and a check to be trusted."""
    return (
        incident.result is Result.FAULT and incident.action in DRAINING and not incident.suspect and not incident.shared
    )
