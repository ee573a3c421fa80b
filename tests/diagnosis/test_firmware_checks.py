"""Firmware in a sweep: a component is a check, a baseline is what it expects."""

from __future__ import annotations

from typing import Any

import pytest

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.component import Component, Part, State
from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.firmware_checks import expectations_of, firmware_checks, result_of
from aifctl.diagnosis.judging import Verdict, judge
from aifctl.diagnosis.memory import Memory
from aifctl.diagnosis.port import Port, PortSection
from aifctl.diagnosis.reading import Reading, SectionEnd, SectionName, SectionStatus
from aifctl.diagnosis.versions import HCA, HEX_PAIR
from aifctl.fleet.baseline import ANY_KIND, Activation, Baseline, Rule
from aifctl.fleet.profile import Profile

NIC = Component(
    name="nic",
    about="Firmware of each NIC.",
    section=SectionName.PORT,
    parts=lambda reading: (
        [
            Part(
                subject=f"hca:{port.device}",
                kind="MT_1",
                running=port.firmware_version,
                staged=None if isinstance(port.netdev, Absent) else port.netdev,
                identity="S1",
            )
            for port in reading.port.ports
        ]
        if reading.port
        else []
    ),
    scheme=HCA,
    activation=Activation.REBOOT,
    detail="Read from sysfs.",
)
FPGA = Component(name="fpga", about="An FPGA.", scheme=HEX_PAIR, redfish="HGX_FW_FPGA_")
CHECKS = firmware_checks([NIC, FPGA])


def judged(*ports: Port, accept: str = "28.42.1000", status: SectionStatus = SectionStatus.OK, **rule: Any) -> Verdict:
    baseline = Baseline(name="ours", rules={"nic": Rule(accept={ANY_KIND: (accept,)}, source="change 4711", **rule)})
    profile = Profile(name="h100", expectations=expectations_of(baseline))
    reading = Reading(
        node="n1",
        ends={SectionName.PORT: SectionEnd(status=status)},
        port=PortSection(source="sysfs", ports=ports) if status is SectionStatus.OK else None,
    )
    return judge(Case(reading=reading, profile=profile, memory=Memory()), CHECKS)


def test_only_what_a_reading_can_show_is_a_check() -> None:
    assert [check.name for check in CHECKS] == ["firmware-nic"]


def test_what_runs_as_listed_is_judged_and_finds_nothing() -> None:
    verdict = judged(Port(device="mlx5_0", firmware_version="28.42.1000"))
    assert (verdict.result, verdict.findings, verdict.judged) == (Result.OK, (), ("firmware-nic",))


@pytest.mark.parametrize(
    ("port", "rule", "result", "code", "action"),
    [
        (Port(device="mlx5_0", firmware_version="28.39.1002"), {}, Result.DEGRADED, "mismatch", Action.FIX),
        (
            Port(device="mlx5_0", firmware_version="28.39.1002"),
            {"mandatory": False},
            Result.WATCH,
            "mismatch",
            Action.FIX,
        ),
        (
            Port(device="mlx5_0", firmware_version="28.39.1002", netdev="28.42.1000"),
            {},
            Result.WATCH,
            "staged",
            Action.FIX,
        ),
        (Port(device="mlx5_0", firmware_version="beta"), {}, Result.UNKNOWN, "unknown", Action.NONE),
        (Port(device="mlx5_0", firmware_version=Absent.DENIED), {}, Result.UNKNOWN, "unknown", Action.NONE),
    ],
)
def test_each_state_is_a_finding_of_its_own(
    port: Port, rule: dict[str, Any], result: Result, code: str, action: Action
) -> None:
    (finding,) = judged(port, **rule).findings
    assert (finding.check, finding.subject, finding.code) == ("firmware-nic", "hca:mlx5_0", code)
    assert (finding.result, finding.action) == (result, action)
    assert finding.expected == ["28.42.1000"]
    assert finding.source == "baseline ours: change 4711"
    assert finding.identity == "S1"


def test_one_part_hides_no_other() -> None:
    verdict = judged(
        Port(device="mlx5_0", firmware_version=Absent.ERROR),
        Port(device="mlx5_1", firmware_version="28.42.1000"),
        Port(device="mlx5_2", firmware_version="28.39.1002"),
    )
    assert [(one.subject, one.code) for one in verdict.findings] == [
        ("hca:mlx5_2", "mismatch"),
        ("hca:mlx5_0", "unknown"),
    ]


def test_without_a_baseline_nothing_is_judged() -> None:
    reading = Reading(
        ends={SectionName.PORT: SectionEnd(status=SectionStatus.OK)},
        port=PortSection(source="sysfs", ports=(Port(device="mlx5_0", firmware_version="1.2.345"),)),
    )
    for profile in (None, Profile(name="h100", expectations={})):
        verdict = judge(Case(reading=reading, profile=profile, memory=Memory()), CHECKS)
        assert (verdict.findings, verdict.judged) == ((), ())


def test_a_section_that_could_not_be_read_is_never_current() -> None:
    verdict = judged(status=SectionStatus.ERROR)
    assert verdict.result is Result.UNKNOWN
    assert verdict.judged == ()


def test_only_a_mandatory_mismatch_is_degraded() -> None:
    mandatory = Rule(accept={}, source="s")
    optional = Rule(accept={}, mandatory=False, source="s")
    assert {state: (result_of(state, mandatory), result_of(state, optional)) for state in State} == {
        State.CURRENT: (Result.OK, Result.OK),
        State.STAGED: (Result.WATCH, Result.WATCH),
        State.MISMATCH: (Result.DEGRADED, Result.WATCH),
        State.UNKNOWN: (Result.UNKNOWN, Result.UNKNOWN),
    }
