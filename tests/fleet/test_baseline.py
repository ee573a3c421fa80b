"""Baselines: which one is a node's, and what a rule allows on which kind of part."""

from __future__ import annotations

import pytest

from aifctl.core.errors import UsageError
from aifctl.fleet.baseline import ANY_KIND, Baseline, Baselines, Rule

ALL = Baselines(
    all=(
        Baseline(name="example", rules={}),
        Baseline(name="h100", skus=("h100*",), rules={}),
        Baseline(name="h100-sxm5", skus=("h100-sxm5*",), rules={}),
    )
)


@pytest.mark.parametrize(
    ("sku", "name"),
    [("H100-SXM5-80GB", "h100-sxm5"), ("h100-pcie", "h100"), ("a100", None), ("", None), (None, None)],
)
def test_the_sku_chooses_the_nearest_and_an_example_is_chosen_by_nobody(sku: str | None, name: str | None) -> None:
    found = ALL.of_sku(sku)
    assert (found.name if found else None) == name


def test_one_is_asked_for_by_name() -> None:
    assert ALL.named("example").name == "example"
    with pytest.raises(UsageError, match="did you mean h100-sxm5"):
        ALL.named("h100-sxm")
    with pytest.raises(UsageError, match="none at all"):
        Baselines().named("x")


def test_a_kind_has_its_own_versions_or_anybodys() -> None:
    rule = Rule(accept={"MT_1": ("1",), ANY_KIND: ("2",)}, source="test")
    assert (rule.versions("MT_1"), rule.versions("MT_2"), rule.versions("")) == (("1",), ("2",), ("2",))
    assert Rule(accept={"MT_1": ("1",)}, source="test").versions("MT_2") is None
