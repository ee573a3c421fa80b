from __future__ import annotations

import pytest

from aifctl.core.report import RUN, Column, Coverage, Field, Kind


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ((Column(key="node", title="node"), Column(key="node", title="again")), ()),
        ((Column(key="node", title="node"),), (Field(key="node"),)),
        ((Column(key="type", title="type"),), ()),
    ],
)
def test_a_kind_refuses_a_key_twice_and_the_key_that_jsonl_needs(
    columns: tuple[Column, ...], fields: tuple[Field, ...]
) -> None:
    with pytest.raises(ValueError, match="stands twice"):
        Kind(name="Wrong", columns=columns, fields=fields)


def test_a_run_has_the_keys_of_the_contract() -> None:
    keys = {column.key for column in RUN.columns} | {field.key for field in RUN.fields}

    assert keys >= {"node", "outcome", "rc", "signal", "started_at", "duration_s", "stdout", "stderr"}


def test_coverage_of_nothing_asked_is_whole() -> None:
    assert Coverage().share == 1.0
    assert Coverage(asked=4, answered=3).share == 0.75
