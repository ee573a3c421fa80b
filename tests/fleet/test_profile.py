"""Which profile a node's SKU means."""

from __future__ import annotations

import pytest

from aifctl.core.errors import UsageError
from aifctl.fleet.profile import Profile, Profiles
from aifctl.fleet.sku_globs import compete


def profiles(**skus: tuple[str, ...]) -> Profiles:
    return Profiles(all=tuple(Profile(name=name, skus=globs, expectations={}) for name, globs in skus.items()))


def name_of(found: Profile | None) -> str:
    return found.name if found else ""


@pytest.mark.parametrize(
    ("sku", "name"),
    [
        ("h100-sxm5-8", "h100"),
        ("H100-SXM5-8", "h100"),
        ("h100-nvl-4", "nvl"),
        ("a100-sxm4-8", ""),
        ("", ""),
        ("b200", "any200"),
        ("h200", "h200"),
    ],
)
def test_of_all_globs_that_fit_the_one_that_says_most_holds_in_whatever_case(sku: str, name: str) -> None:
    known = profiles(h100=("h100*",), nvl=("h100-nvl*",), any200=("?200",), h200=("H200",))
    assert name_of(known.of_sku(sku)) == name


def test_a_profile_is_found_by_its_name_and_the_nearest_is_named_where_there_is_none() -> None:
    known = profiles(**{"h100-sxm5": (), "a100-sxm4": ()})
    assert known.named("h100-sxm5").name == "h100-sxm5"
    with pytest.raises(UsageError, match=r"no profile 'h100-smx5'; did you mean h100-sxm5\?"):
        known.named("h100-smx5")
    with pytest.raises(UsageError, match="there are h100-sxm5, a100-sxm4"):
        known.named("qqq")
    with pytest.raises(UsageError, match="there are none at all"):
        Profiles().named("h100-sxm5")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("h100*", "H100*", True),
        ("h100*", "h200*", False),
        ("h100*", "h100-*", False),  # the second says more
        ("*sxm5", "h100*", True),
        ("*sxm5", "h10?*", False),  # of other lengths
        ("?100", "h10?", True),
        ("?10", "h1?", True),
        ("?10", "h1??", False),
        ("*a*b*", "*b*a*", True),
        ("", "", True),
        ("*", "", True),
        ("a*c", "ab*", True),
        ("a*c", "?bd", False),
    ],
)
def test_globs_compete_where_some_sku_fits_both_equally_well(one: str, other: str, expected: bool) -> None:
    assert compete(one, other) is expected
    assert compete(other, one) is expected
