"""Batches as gzip members, segments walked, and the order that is told from them."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from aifctl.store.batch import ADOPTION, Member, make_batch, parse_head, parse_records
from aifctl.store.damage import DamagedLogError
from aifctl.store.order import Where, in_order
from aifctl.store.segment import walk

RECORDS: list[dict[str, Any]] = [{"kind": "tell", "text": "ä\0", "at": 1.25}, {"kind": "put", "value": None}]
MEMBERS = [make_batch([{"kind": "put", "key": str(number)}]).member(seq=number, at_s=1.0) for number in (1, 2, 3)]


def walked(folder: Path, data: bytes, start: int = 0) -> tuple[list[int], int, int]:
    """Return the numbers of the members found, up to where the segment holds, and how much of it is damaged."""
    path = folder / "segment"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = walk(descriptor, start)
    finally:
        os.close(descriptor)
    return [member.seq for member in found.members], found.whole_bytes, found.damaged_bytes


def test_a_log_is_what_zcat_reads() -> None:
    data = make_batch(RECORDS).member(seq=7, at_s=12.5) + MEMBERS[0]
    lines = gzip.decompress(data).splitlines()
    assert [json.loads(line) for line in lines[:2]] == RECORDS
    assert len(lines) == 3


def test_a_header_tells_length_number_and_time() -> None:
    data = make_batch(RECORDS).member(seq=7, at_s=12.5, flags=ADOPTION)
    head = parse_head(data, 100)
    assert head == Member(100, len(data), ADOPTION, 7, 12.5)
    assert parse_records(data, "x") == RECORDS


def test_a_record_that_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        make_batch([{"at": float("nan")}])


@given(st.data())
def test_a_member_with_one_byte_changed_is_damaged_or_the_same(data: st.DataObject) -> None:
    whole = make_batch(RECORDS).member(seq=7, at_s=12.5)
    index = data.draw(st.integers(0, len(whole) - 1))
    bad = bytearray(whole)
    bad[index] ^= data.draw(st.integers(1, 255))
    if parse_head(bytes(bad), 0) is not None:
        assert read_or_damaged(bytes(bad)) in (RECORDS, None)


def read_or_damaged(data: bytes) -> list[dict[str, Any]] | None:
    try:
        return parse_records(data, "x")
    except DamagedLogError:
        return None


@pytest.mark.parametrize("cut", range(len(MEMBERS[2])))
def test_a_member_that_is_cut_anywhere_is_left_out(tmp_path: Path, cut: int) -> None:
    whole = MEMBERS[0] + MEMBERS[1]
    assert walked(tmp_path, whole + MEMBERS[2][:cut]) == ([1, 2], len(whole), 0)


def test_a_walk_begins_where_it_is_told_to(tmp_path: Path) -> None:
    data = b"".join(MEMBERS)
    assert walked(tmp_path, data, len(MEMBERS[0])) == ([2, 3], len(data), 0)
    assert walked(tmp_path, data, len(data)) == ([], len(data), 0)


def test_damage_between_members_is_stepped_over_and_nothing_behind_it_is_cut(tmp_path: Path) -> None:
    rubbish = b"\x1f\x8b\x08\x04" + bytes(90)
    data = MEMBERS[0] + rubbish + MEMBERS[1] + rubbish
    assert walked(tmp_path, data) == ([1, 2], len(data) - len(rubbish), len(rubbish))


def test_zeros_in_place_of_the_last_members_text_are_a_torn_end(tmp_path: Path) -> None:
    torn = MEMBERS[2][:48] + bytes(len(MEMBERS[2]) - 48)
    assert walked(tmp_path, MEMBERS[0] + torn) == ([1], len(MEMBERS[0]), 0)


def member(offset: int, seq: int, at_s: float, flags: int = 0) -> Member:
    return Member(offset, 10, flags, seq, at_s)


def ordered(found: dict[str, list[Member]], adopted: dict[Where, list[Where]] | None = None) -> tuple[str, str]:
    """Return what is known and what waits, as "a0 b10 …"."""
    result = in_order(found, lambda name, one: (adopted or {})[name, one.offset])
    return tuple(" ".join(f"{name}{one.offset}" for name, one in those) for those in (result.known, result.waiting))  # type: ignore[return-value]


def test_batches_are_in_the_order_of_their_numbers_whatever_the_clocks_said() -> None:
    assert ordered({"a": [member(0, 1, 50.0), member(10, 3, 40.0)], "b": [member(0, 2, 1.0)]}) == ("a0 b0 a10", "")


def test_a_queued_batch_stands_where_it_was_adopted() -> None:
    found = {
        "a": [member(0, 1, 1.0), member(10, 0, 2.0)],
        "b": [member(0, 2, 3.0), member(10, 3, 4.0, ADOPTION), member(20, 4, 5.0)],
    }
    assert ordered(found, {("b", 10): [("a", 10)]}) == ("a0 b0 a10 b10 b20", "")


def test_what_nobody_has_adopted_waits_by_time() -> None:
    found = {"a": [member(0, 1, 1.0), member(10, 0, 9.0)], "b": [member(0, 0, 5.0)]}
    assert ordered(found) == ("a0", "b0 a10")


def test_of_two_with_one_number_the_later_was_committed() -> None:
    found = {"a": [member(0, 1, 1.0), member(10, 2, 2.0)], "b": [member(0, 2, 3.0)]}
    assert ordered(found) == ("a0 b0", "a10")


def test_a_writer_that_went_on_was_committed_whatever_the_clocks_said() -> None:
    found = {"a": [member(0, 2, 99.0)], "b": [member(0, 2, 3.0), member(10, 3, 4.0)]}
    assert ordered(found) == ("b0 b10", "a0")


def test_an_adoption_that_came_to_nothing_adopts_nothing_and_the_next_one_does() -> None:
    found = {
        "a": [member(0, 0, 1.0)],
        "b": [member(0, 5, 2.0, ADOPTION)],
        "c": [member(0, 5, 3.0), member(10, 6, 4.0, ADOPTION)],
    }
    assert ordered(found, {("b", 0): [("a", 0)], ("c", 10): [("a", 0)]}) == ("c0 a0 c10", "b0")
