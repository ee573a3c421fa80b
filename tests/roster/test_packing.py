"""Packing: whatever the columns hold comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from aifctl.fleet.policy import Policy
from aifctl.fleet.topology import Leaf
from aifctl.roster.packing import Packed, UnreadableError, pack

_TEXT = st.text(max_size=8)
_SHAPES = (st.booleans(), st.integers(0, 3), st.integers(), _TEXT, st.sampled_from(["a", "b"]))
_COLUMN = st.one_of(*(st.lists(st.none() | cell, min_size=12, max_size=12) for cell in _SHAPES))
_NAMES = [f"n{number}" for number in range(12)]


def _pack(columns: dict[str, list[Any]], **changes: Any) -> bytes:
    facts: dict[str, Any] = {"policy": Policy(), "leaves": {}, "selectors": {}, "key": "k", "modified_at": 1.5}
    return pack(_NAMES, columns, **(facts | changes))


@given(st.dictionaries(_TEXT, _COLUMN, max_size=4))
def test_every_column_comes_back(columns: dict[str, list[Any]]) -> None:
    packed = Packed(_pack(columns))
    assert packed.names == _NAMES
    assert list(packed.fields) == list(columns)
    for field, values in columns.items():
        assert list(packed.column(field)) == values
        assert [type(value) for value in packed.column(field)] == [type(value) for value in values]
    assert list(packed.column("no such column")) == [None] * 12


def test_policy_leaves_and_selectors_come_back() -> None:
    policy = Policy(
        max_nodes=9,
        max_nodes_per=(("rack", 4),),
        guarded=("run",),
        protected="@x",
        stale_after_s=0.5,
        control_hosts=("ctl1", "ctl2"),
    )
    leaves = {"l1": Leaf(name="l1", ports=32, rail=0, spines=("s1", "s2")), "l2": Leaf(name="l2")}
    packed = Packed(_pack({}, policy=policy, leaves=leaves, selectors={"g": "@all"}))
    assert (packed.policy, packed.leaves(), packed.selectors) == (policy, leaves, {"g": "@all"})
    assert (packed.key, packed.modified_at) == ("k", 1.5)


def test_equal_columns_are_written_once() -> None:
    one = _pack({"a": list(range(12))})
    two = _pack({"a": list(range(12)), "b": list(range(12))})
    assert len(two) - len(one) < 12


@given(st.binary(max_size=200))
def test_what_is_not_packed_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        Packed(data)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_one_wrong_byte_is_refused(position: int, change: int) -> None:
    data = bytearray(_pack({"a": list("abcdefghijkl")}))
    data[position % len(data)] ^= change
    with pytest.raises(UnreadableError):
        Packed(bytes(data))
