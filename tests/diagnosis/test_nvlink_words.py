"""What the words of an Xid 74 come to: by link, by how often, as NVIDIA's catalogue has it for Hopper."""

from __future__ import annotations

import pytest

from aifctl.diagnosis.finding import Action, Result
from aifctl.diagnosis.kernel import KernelEvent
from aifctl.diagnosis.nvlink_words import LinkTold, has_words, link_errors


def event(link: int, *words: int, further: int = 0) -> KernelEvent:
    facts = {"link": link, "registers": [*words, *[0] * (7 - len(words))]}
    return KernelEvent(kind="xid", number=74, facts={**facts, "further_count": further} if further else facts)


def told(*events: KernelEvent) -> LinkTold:
    (found,) = link_errors(events)
    return found


@pytest.mark.parametrize(
    ("word", "bits", "name", "action"),
    [
        (1, (0, 23, 30), "ignorable", Action.WATCH),
        (1, (1, 20), "secondary", Action.DRAIN),
        (1, (4, 5), "parity", Action.RESET),
        (1, (8, 9, 12, 16, 17, 24, 28), "connection", Action.CABLE),
        (1, (21, 22), "signal", Action.CABLE),
        (1, (27, 29), "again", Action.RESET),
        (3, (0, 1, 2, 6), "parity", Action.RESET),
        (3, (13,), "unexpected", Action.DRAIN),
        (3, (16, 19), "diagnose", Action.RESET),
        (3, (17, 18), "again", Action.RESET),
        (4, (16, 17), "secondary", Action.DRAIN),
        (4, (18,), "secondary-fabric", Action.REBOOT),
        (5, (18, 19, 21, 22, 24, 25, 27, 28), "parity", Action.RESET),
        (5, (20, 23, 26, 29), "ecc-threshold", Action.WATCH),
        (1, (2, 3, 6, 7, 31), "unexplained", Action.DRAIN),
        (4, (0,), "unexplained", Action.DRAIN),
        (2, (0, 31), "unexplained", Action.DRAIN),
    ],
)
def test_each_bit_of_each_word_is_what_nvidia_says_of_it(
    word: int, bits: tuple[int, ...], name: str, action: Action
) -> None:
    for bit in bits:
        one = told(event(5, *[0] * (word - 1), 1 << bit))
        assert (one.link, one.error.name, one.verdict[1]) == (5, name, action)
        assert one.verdict[0] is (Result.WATCH if action is Action.WATCH else Result.FAULT)


@pytest.mark.parametrize(
    ("words", "counts"), [((1 << 4,), (1, 2)), ((0, 0, 1 << 2), (1, 2)), ((1 << 27,), (1,)), ((0, 0, 1 << 16), (1,))]
)
def test_what_comes_back_on_one_link_is_no_longer_reset_but_taken_out(
    words: tuple[int, ...], counts: tuple[int, ...]
) -> None:
    for count in counts:
        assert told(*[event(5, *words)] * count).verdict == (Result.FAULT, Action.RESET)
    assert told(*[event(5, *words)] * (counts[-1] + 1)).verdict == (Result.FAULT, Action.DRAIN)
    assert told(event(5, *words, further=2)).verdict == (Result.FAULT, Action.DRAIN)
    assert {one.verdict[1] for one in link_errors(event(link, *words) for link in range(4))} == {Action.RESET}


def test_of_several_bits_the_worst_counts_and_secondary_ones_come_with_it() -> None:
    assert told(event(5, 1 << 1 | 1 << 16, 0, 0, 1 << 17)).error.name == "connection"
    assert told(event(5, 1 << 0 | 1 << 20)).error.name == "secondary"
    assert told(event(5, 1 << 1), event(5, 1 << 4)).error.name == "parity"
    assert told(event(5, 1 << 23 | 1 << 2)).error.name == "unexplained"


def test_a_line_without_its_seven_words_or_its_link_tells_nothing() -> None:
    whole = event(5, 1 << 4)
    for facts in ({"link": 5}, {"registers": whole.facts["registers"]}, {"link": 5, "registers": [16, 0, 0, 0, 0]}):
        assert link_errors([KernelEvent(kind="xid", number=74, facts=facts)]) == ()


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("NVIDIA H100 80GB HBM3", True),
        ("NVIDIA H200", True),
        ("NVIDIA GH200 480GB", True),
        ("NVIDIA A100-SXM4-40GB", False),
        ("NVIDIA B200", False),
        ("", False),
    ],
)
def test_the_words_mean_something_on_hopper_alone(name: str, known: bool) -> None:
    assert has_words(name) is known
