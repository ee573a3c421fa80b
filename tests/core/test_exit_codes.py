from __future__ import annotations

import itertools

import pytest

from aifctl.core.errors import AifctlError, BackendError, BusyError, RefusedError, SetupError, UsageError
from aifctl.core.exit_codes import ExitCode, first_that_applies

#: The contract's table from the top down; what runbooks branch on never moves.
TABLE = (70, 6, 2, 5, 75, 69, 124, 130, 143, 129, 4, 3, 1, 0)


def test_the_codes_and_their_order_are_those_of_the_contract() -> None:
    assert tuple(int(code) for code in ExitCode) == TABLE


@pytest.mark.parametrize(("higher", "lower"), list(itertools.combinations(TABLE, 2)))
def test_of_two_that_apply_the_one_higher_up_wins_whichever_came_first(higher: int, lower: int) -> None:
    assert first_that_applies(ExitCode(higher), ExitCode(lower)) == higher
    assert first_that_applies(ExitCode(lower), ExitCode(higher)) == higher


def test_nothing_that_applies_is_0() -> None:
    assert first_that_applies() == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [(UsageError, 2), (SetupError, 6), (RefusedError, 5), (BusyError, 75), (BackendError, 69)],
)
def test_each_kind_of_error_has_its_code_and_so_have_the_kinds_below_it(error: type[AifctlError], code: int) -> None:
    kinds = [error]
    while kinds:
        kind = kinds.pop()
        assert kind.exit_code == code, kind
        kinds += kind.__subclasses__()
