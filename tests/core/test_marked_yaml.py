"""YAML with file and line: what it keeps, what it refuses, what it survives."""

from __future__ import annotations

import pytest

from aifctl.core.marked_yaml import Mapping, Mistakes, Place, Scalar, Sequence, Value, parse_marked_yaml


def _read(text: str | bytes) -> tuple[Value | None, list[str]]:
    mistakes = Mistakes()
    value = parse_marked_yaml(text if isinstance(text, bytes) else text.encode(), "f.yaml", mistakes)
    return value, [str(mistake) for mistake in mistakes.all()]


def _mapping(text: str) -> Mapping:
    value, mistakes = _read(text)
    assert mistakes == []
    assert isinstance(value, Mapping)
    return value


def test_every_value_and_key_knows_its_line() -> None:
    root = _mapping("a: 1\nb:\n  - x\n  - y\n")
    place, value = root.items["b"]
    assert place == Place("f.yaml", 2)
    assert isinstance(value, Sequence)
    assert [item.place.line for item in value.items] == [3, 4]


@pytest.mark.parametrize("text", ["no", "off", "012", "12:30", "1e3", "2024-01-01", "0x10", "1_000"])
def test_a_scalar_stays_the_text_that_was_typed(text: str) -> None:
    value = _mapping(f"k: {text}").items["k"][1]
    assert isinstance(value, Scalar)
    assert (value.text, value.null) == (text, False)


@pytest.mark.parametrize(("text", "null"), [("~", True), ("null", True), ("", True), ('"null"', False), ("'~'", False)])
def test_nothing_is_nothing_only_without_quotes(text: str, null: bool) -> None:
    value = _mapping(f"k: {text}").items["k"][1]
    assert isinstance(value, Scalar)
    assert value.null is null


def test_merge_keys_and_aliases_work_and_the_own_key_wins() -> None:
    root = _mapping("d: &d {x: 1, y: 2}\ne: {<<: *d, y: 3}\n")
    merged = root.items["e"][1]
    assert isinstance(merged, Mapping)
    assert {key: value.text for key, (_, value) in merged.items.items() if isinstance(value, Scalar)} == {
        "x": "1",
        "y": "3",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3: 'a' stands here twice; first in line 1"),
        ("a: [1,\nb: 2\n", "f.yaml:3: not YAML"),
        ("a: 1\n\tb: 2\n", "f.yaml:2: not YAML: found a tab"),
        ("a: @x\n", "needs quotes"),
        ("a: 1\n---\nb: 2\n", "one document a file"),
        ("a: !!python/object/apply:os.system [ls]\n", "f.yaml:1: tags such as"),
        ("a: !vault x\n", "f.yaml:1: tags such as '!vault'"),
        ("? [1, 2]\n: x\n", "a key must be plain text"),
        ("a: &a [*a]\n", "an alias inside what it names"),
        ("a: \x01\n", "control characters are not allowed"),
        (b"a: 1\nb: \xff\n", "f.yaml:2: byte 0xff is not UTF-8"),
        ("<<: x\n", "<< takes a mapping"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str | bytes, message: str) -> None:
    assert any(message in mistake for mistake in _read(text)[1])


def test_aliases_that_would_unfold_to_billions_are_refused_at_once() -> None:
    levels = "".join(f"l{at}: &l{at} [{','.join([f'*l{at - 1}'] * 9)}]\n" for at in range(1, 12))
    assert "aliases unfold to more than 2,000,000 values" in _read("l0: &l0 [x]\n" + levels)[1][0]


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting_is_a_mistake_and_not_the_end_of_the_process(text: str) -> None:
    assert "nested deeper than" in _read(text)[1][0]


def test_mistakes_of_one_kind_on_one_line_are_told_three_times_and_counted() -> None:
    mistakes = Mistakes()
    for number in range(1000):
        mistakes.add(Place("f", 7), f"address 10.0.0.{number} twice", kind="address")
    told = [str(mistake) for mistake in mistakes.all()]
    assert len(told) == 3
    assert told[-1].endswith("(and 997 more like it on this line)")


def test_what_a_file_says_is_printed_without_its_control_characters() -> None:
    mistakes = Mistakes()
    mistakes.add(Place("f", 1), "there is no key '\x1b[2J'")
    assert str(mistakes.all()[0]) == "f:1: there is no key '\\x1b[2J'"


def test_an_unknown_key_is_named_with_its_nearest() -> None:
    mistakes = Mistakes()
    mistakes.unknown_key(Place("f", 3), "adress", ["address", "port"], of="a node")
    assert str(mistakes.all()[0]) == "f:3: a node has no key 'adress'; did you mean 'address'?"
