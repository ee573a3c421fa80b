from __future__ import annotations

import pytest

from aifctl.core.errors import UnknownGroupError
from aifctl.fleet.endpoint import Endpoint
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.node import Node
from aifctl.fleet.numbered import by_number
from aifctl.fleet.selector import Terms, parse_selector, resolve


@pytest.mark.parametrize(
    ("known", "number", "meant"),
    [
        (["su001", "su002", "su010"], "2", ["su002"]),
        (["su001", "su002", "su010"], "010", ["su010"]),
        (["h1", "h2"], "2", ["h2"]),
        (["hall-2"], "2", ["hall-2"]),
        (["su1", "su01"], "1", []),
        (["north1", "south1"], "1", []),
        (["su001"], "2", []),
        (["su001b"], "1", []),
        (["1a1"], "1", []),
        (["su001"], "¹", []),
        (["su001"], "1x", []),
    ],
)
def test_a_number_means_the_one_name_that_is_a_word_and_that_number(
    known: list[str], number: str, meant: list[str]
) -> None:
    assert by_number([number], known) == (meant, [] if meant else [number])


def select(text: str, *, sus: list[str], racks: list[str]) -> tuple[str, ...]:
    nodes = [
        Node(endpoint=Endpoint(name=f"n{at}", address=f"n{at}"), su=su, rack=rack, hall="h2")
        for at, (su, rack) in enumerate(zip(sus, racks, strict=True))
    ]
    return resolve(parse_selector(text), Fleet.from_nodes(nodes, origin="site.yaml"), Terms()).names


def test_su_and_hall_are_called_by_their_number() -> None:
    assert select("@su:3", sus=["su003", "su013"], racks=["r3", "r13"]) == ("n0",)
    assert select("@su:[3,13] & @hall:2", sus=["su003", "su013"], racks=["r3", "r13"]) == ("n0", "n1")


def test_a_name_that_is_a_number_comes_first() -> None:
    assert select("@su:3", sus=["3", "su3"], racks=["r1", "r2"]) == ("n0",)


@pytest.mark.parametrize("text", ["@su:4", "@rack:3"])
def test_what_no_number_can_mean_is_an_error_as_ever(text: str) -> None:
    with pytest.raises(UnknownGroupError, match="there is no"):
        select(text, sus=["su003"], racks=["r3"])
