"""What a check may ask for is read off its own code and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

import pytest

from aifctl.diagnosis.check import Case, Check
from aifctl.diagnosis.check_actions import actions_of
from aifctl.diagnosis.finding import Action, Finding, Result
from aifctl.diagnosis.reading import SectionName
from aifctl.wiring.expecting import all_checks


def check(judge: Any) -> Check:
    return Check(name="ours", about="Ours.", section=SectionName.HOST, subjects=lambda _reading: [], judge=judge)


def made(text: str, **world: Any) -> Check:
    """Return a check whose judge is the function `judge` of a module of this text."""
    names: dict[str, Any] = {"Action": Action, "__name__": "ours", **world}
    exec(text, names)  # noqa: S102  a module of the test's own
    assert isinstance(names["judge"], FunctionType)
    return check(names["judge"])


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("def judge(one, case): return Action.RMA", ["rma"]),
        ("def judge(one, case): return [Action.RMA if one else Action.WATCH]", ["watch", "rma"]),
        (
            "def judge(one, case): return inner()\ndef inner():\n  def deeper(): return Action.RESET\n  return deeper",
            ["reset"],
        ),
        ("TABLE = {79: (Action.REBOOT, 'x')}\ndef judge(one, case): return TABLE", ["reboot"]),
        ("def judge(one, case): return Action.NONE", []),
        ("def judge(one, case): return one.RMA", []),
    ],
)
def test_what_its_functions_and_tables_name_is_found_mildest_first(text: str, actions: list[str]) -> None:
    assert [str(action) for action in actions_of(made(text))] == actions


def test_tables_of_values_are_looked_into() -> None:
    held = Finding(check="x", subject="node", result=Result.FAULT, message="x", action=Action.CABLE)
    assert actions_of(made("def judge(one, case): return TABLE", TABLE={1: [held]})) == (Action.CABLE,)


def test_functions_of_its_own_package_are_followed_and_others_are_not() -> None:
    def other() -> Action:
        return Action.CABLE

    other.__module__ = "theirs.module"
    text = "def judge(one, case): return other()"
    assert actions_of(made(text, other=other)) == ()
    other.__module__ = "ours.module"
    assert actions_of(made(text, other=other)) == (Action.CABLE,)


def test_what_a_judge_has_closed_over_counts() -> None:
    def judging(action: Action) -> FunctionType:
        def judge(_one: object, _case: Case) -> Action:
            return action

        assert isinstance(judge, FunctionType)
        return judge

    assert actions_of(check(judging(Action.RMA))) == (Action.RMA,)


def test_a_judge_that_is_no_plain_function_tells_none() -> None:
    class Judge:
        def __call__(self, _subject: object, _case: Case) -> Iterator[Finding]:
            return iter(())

    assert actions_of(check(Judge())) == ()


def test_every_check_of_ours_asks_for_something() -> None:
    found: Mapping[str, tuple[Action, ...]] = {one.name: actions_of(one) for one in all_checks()}
    assert found["port-state"] == (Action.FIX, Action.CABLE)
    assert [name for name, actions in found.items() if not actions] == []
