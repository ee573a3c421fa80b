"""What was made of what is told alike is made once; what is not quite alike is made anew."""

from __future__ import annotations

import pytest

from aifctl.diagnosis.alike import Alike, OfSame


class Maker:
    """Makes text of what was told, and counts how often."""

    def __init__(self, alike: Alike[str]) -> None:
        self.alike, self.made_count = alike, 0

    def of(self, told: object, *, by: str = "") -> str:
        def make() -> str:
            self.made_count += 1
            return repr((told, by))

        return self.alike.made(told, make, by=by)


def test_what_is_told_again_is_not_made_again() -> None:
    maker = Maker(Alike())
    assert maker.of({"a": [1, "x"]}) == maker.of({"a": [1, "x"]})
    assert maker.made_count == 1


@pytest.mark.parametrize("other", [1.0, True, "1", [1], None, {"1": 1}, ...])
def test_equal_is_not_alike_where_it_is_of_another_kind(other: object) -> None:
    maker = Maker(Alike())
    assert [maker.of(1), maker.of(other)] == [repr((1, "")), repr((other, ""))]


def test_what_it_was_made_by_tells_it_apart() -> None:
    maker = Maker(Alike())
    assert maker.of(1, by="580") != maker.of(1, by="535")


def test_it_does_not_grow_without_end() -> None:
    maker = Maker(Alike(most_count=2))
    for told in (1, 2, 3, 1):
        assert maker.of(told) == repr((told, ""))
    assert maker.made_count == 4


def test_what_is_told_at_length_is_not_kept() -> None:
    maker = Maker(Alike(longest_bytes=64))
    for _ in range(2):
        assert maker.of("x" * 100) == repr(("x" * 100, ""))
    assert maker.made_count == 2


def test_what_is_nested_without_end_is_made_each_time() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    made = Alike[str]()
    assert [made.made(deep, lambda: "deep") for _ in range(2)] == ["deep", "deep"]


def test_what_can_not_be_made_is_said_each_time() -> None:
    alike = Alike[int]()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            alike.made("told", lambda: 1 // 0)


def test_of_the_same_thing_it_is_made_once_and_of_an_equal_one_anew() -> None:
    one, other = (1, 2, int("3")), (1, 2, int("3"))
    of_same, made = OfSame[int](), list[object]()

    def make(thing: tuple[int, ...]) -> int:
        made.append(thing)
        return len(made)

    assert [of_same.made(thing, make) for thing in (one, other, one, other)] == [1, 2, 1, 2]


def test_no_thing_is_taken_for_another_that_had_its_place_in_memory() -> None:
    of_same = OfSame[int](most_count=8)
    assert [of_same.made([number], lambda thing: thing[0]) for number in range(100)] == list(range(100))
