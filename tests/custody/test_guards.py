"""Caps, the protected set and consent."""

from __future__ import annotations

import pytest

from aifctl.core.errors import RefusedError
from aifctl.custody.guards import Consent, ask_consent, free_count, reasons_to_ask, refuse_violations, violations
from aifctl.fleet.policy import Policy
from tests.custody.custody_fakes import Person, racks


@pytest.mark.parametrize(
    ("fleet_count", "free"), [(1, 1), (10, 1), (20, 1), (21, 2), (100, 5), (101, 6), (319, 16), (320, 16), (6250, 16)]
)
def test_the_smaller_of_16_nodes_and_5_percent_rounded_up_is_free(fleet_count: int, free: int) -> None:
    assert free_count(fleet_count) == free


def test_a_few_nodes_of_several_racks_need_no_consent() -> None:
    assert reasons_to_ask(["r01n1", "r02n2"], racks(100)) == ()


def test_one_node_more_than_is_free_needs_consent() -> None:
    fleet = racks(100)
    spread = [f"r{rack:02d}n1" for rack in range(1, 18)]

    assert reasons_to_ask(spread[:16], fleet) == ()
    assert reasons_to_ask(spread, fleet) == ("17 of 400 nodes, more than 16",)


def test_a_whole_rack_su_or_leaf_needs_consent_however_small() -> None:
    fleet = racks(99)

    assert reasons_to_ask(["r07n1", "r07n2", "r07n3", "r07n4"], fleet) == (
        "the whole of rack r07",
        "the whole of su su07",
    )
    assert reasons_to_ask(["r07n1", "r07n2", "r07n3"], fleet) == ()
    whole_leaf = [f"r{rack:02d}n2" for rack in range(1, 100)]
    assert "the whole of leaf l2" in reasons_to_ask(whole_leaf, fleet)


def test_a_rack_of_one_node_is_no_whole_rack() -> None:
    fleet = racks(50, per_rack=1)

    assert reasons_to_ask(["r07n1"], fleet) == ()


def test_many_whole_racks_are_counted_not_listed() -> None:
    fleet = racks(60)
    reason = reasons_to_ask(fleet.names, fleet)[1]

    assert reason == "the whole of rack r01, r02, r03, r04 and 56 more"


def test_every_violation_is_said_at_once_with_what_lifts_it() -> None:
    policy = Policy(max_nodes=5, max_nodes_per=(("rack", 2), ("feed", 4)), protected="@rack:r01", stale_after_s=3600.0)
    fleet = racks(4, policy=policy)

    found = violations(
        ["r01n1", "r01n2", "r01n3", "r02n1", "r03n1", "r03n2"],
        fleet,
        protected=fleet.members("rack", "r01"),
        age_s=7200.0,
    )

    assert found == (
        (
            "the inventory inventory/test is 2.0 h old and its policy refuses changes after 1.0 h (stale_after): bring it "
            "up to date"
        ),
        (
            "6 nodes are selected and the policy of inventory/test allows 5 in one run (max_nodes): take --first 5, or ask "
            "who keeps that policy"
        ),
        (
            "the policy of inventory/test allows 2 nodes of one rack in one run (max_nodes_per) and more are selected of "
            "r01 (3): select fewer, or ask who keeps that policy"
        ),
        (
            "the policy of inventory/test allows 4 nodes of one feed in one run (max_nodes_per) and more are selected of "
            "A1 (5): select fewer, or ask who keeps that policy"
        ),
        (
            "r01n[1-3] are protected by the policy of inventory/test: leave out with --exclude '@rack:r01', or ask who "
            "keeps that policy"
        ),
    )
    with pytest.raises(RefusedError) as refused:
        refuse_violations(["r01n1"] * 6, fleet, protected={"r01n1"})
    assert "max_nodes" in str(refused.value)
    assert "protected" in str(refused.value)


def test_within_the_policy_nothing_is_refused() -> None:
    policy = Policy(max_nodes=5, max_nodes_per=(("rack", 2),), stale_after_s=3600.0)
    fleet = racks(4, policy=policy)

    refuse_violations(["r01n1", "r01n2", "r02n1"], fleet, age_s=3600.0)

    assert violations(["r01n1"], fleet, age_s=None) == ()


def test_on_a_terminal_the_count_must_be_typed() -> None:
    fleet = racks(10)
    person = Person(types="4")
    rack = fleet.members("rack", "r03")

    ask_consent("reboot", rack, fleet, Consent(), person)

    assert person.asked == [
        (
            "reboot on 4 nodes (r03n[1-4]) touches 4 of 40 nodes, more than 2 and the whole of rack r03 and the whole of "
            "su su03. Type the number of nodes to go on:"
        )
    ]


@pytest.mark.parametrize("typed", ["yes", "y", "5", "", "04"])
def test_anything_but_the_count_does_nothing(typed: str) -> None:
    fleet = racks(10)

    with pytest.raises(RefusedError, match="was not confirmed: 4 was not typed; nothing was done"):
        ask_consent("reboot", fleet.members("rack", "r03"), fleet, Consent(), Person(types=typed))


def test_without_a_terminal_the_refusal_names_the_flags_and_the_hash() -> None:
    fleet = racks(10)

    with pytest.raises(RefusedError, match=r"give --yes or --confirm-hash 0123456789ab$"):
        ask_consent("reboot", fleet.names, fleet, Consent(plan_hash="0123456789ab"), Person())
    with pytest.raises(RefusedError, match=r"give --yes$"):
        ask_consent("reboot", fleet.names, fleet, Consent(), Person())


@pytest.mark.parametrize("consent", [Consent(yes=True), Consent(confirm_hash="0123456789ab")])
def test_yes_or_a_hash_that_was_compared_answers_the_question(consent: Consent) -> None:
    fleet, person = racks(10), Person(types="nothing")

    ask_consent("reboot", fleet.names, fleet, consent, person)

    assert person.asked == []


def test_yes_lifts_no_cap() -> None:
    fleet = racks(10, policy=Policy(max_nodes=3))

    ask_consent("reboot", fleet.names, fleet, Consent(yes=True), Person())
    with pytest.raises(RefusedError, match="max_nodes"):
        refuse_violations(fleet.names, fleet)


def test_a_free_selection_is_not_asked_about() -> None:
    person = Person(types="nothing")

    ask_consent("reboot", ["r03n1"], racks(10), Consent(), person)

    assert person.asked == []
