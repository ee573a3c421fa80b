from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.core.errors import UsageError
from aifctl.roster.roster import FileRoster
from aifctl.sim import credentials
from aifctl.sim.files import FleetFiles
from aifctl.sim.layout import Layout
from aifctl.sim.node.parts import HCAS
from aifctl.sim.spec import FleetSpec

_SECRET = bytes(32)


@pytest.mark.parametrize("nodes_count", [1, 3, 4, 5, 31, 32, 33, 64, 67, 500, 6250, 8129])
def test_the_inventory_checks_clean_and_says_what_the_layout_says(tmp_path: Path, nodes_count: int) -> None:
    files = FleetFiles(tmp_path)
    files.write(FleetSpec(nodes_count=nodes_count), port=2222, secret=_SECRET)
    roster = FileRoster(None)
    assert list(roster.check(files.inventory)) == []
    fleet = roster.load(files.inventory).fleet
    layout = Layout(nodes_count)
    assert list(fleet.names) == [place.name for place in layout.places()]
    for place in [layout.place(0), layout.place(nodes_count - 1)]:
        node = fleet.node(place.name)
        assert (node.endpoint.address, node.endpoint.port, node.endpoint.user) == (place.address, 2222, "ops")
        assert (node.su, node.unit, node.endpoint.identity) == (f"su{place.su}", place.unit, (str(files.identity),))
        assert (node.hall, node.feeds, node.serials) == (f"h{place.hall}", place.feeds, (("chassis", place.serial),))
        assert [(rail.leaf, rail.leaf_port) for rail in node.rails] == [
            (place.leaf(rail), place.leaf_port) for rail in range(8)
        ]


def test_rails_are_the_adapters_that_the_nodes_have(tmp_path: Path) -> None:
    files = FleetFiles(tmp_path)
    files.write(FleetSpec(nodes_count=2), port=2222, secret=_SECRET)
    node = FileRoster(None).load(files.inventory).fleet.node("r001n02")
    assert ([rail.hca for rail in node.rails], node.sku) == (list(HCAS), "h100-sxm5")


def test_every_node_has_an_address_and_a_name_of_its_own() -> None:
    places = list(Layout(32_000).places())
    assert len({place.address for place in places}) == len({place.name for place in places}) == 32_000
    assert all(0 < int(part) < 255 for place in places for part in place.address.split(".")[1:])


def test_a_name_leads_to_its_index_and_no_other_name_does() -> None:
    layout = Layout(67)
    assert [layout.index_of(place.name) for place in layout.places()] == list(range(67))
    assert [layout.index_of(name) for name in ("r017n04", "r1n1", "r001n05", "x", "r000n01")] == [None] * 5


def test_known_hosts_holds_one_key_for_each_node_and_all_differ(tmp_path: Path) -> None:
    files = FleetFiles(tmp_path)
    files.write(FleetSpec(nodes_count=40), port=2222, secret=_SECRET)
    lines = files.known_hosts.read_text().splitlines()
    assert len({line.split()[2] for line in lines}) == len(lines) == 40
    assert lines[1].startswith("[127.1.1.2]:2222 ssh-ed25519 ")


def test_keys_follow_from_the_secret_alone() -> None:
    first, again = (credentials.public_text(credentials.host_key(_SECRET, "n1")) for _ in range(2))
    others = [credentials.host_key(_SECRET, "n2"), credentials.host_key(b"x" * 32, "n1"),
              credentials.foreign_host_key(_SECRET, "n1"), credentials.client_key(_SECRET)]  # fmt: skip
    assert first == again
    assert first not in [credentials.public_text(key) for key in others]


@pytest.mark.parametrize(
    "wrong", [{"nodes_count": 0}, {"nodes_count": 40_000}, {"name": "../x"}, {"name": ""}, {"port": 22}]
)
def test_a_fleet_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        FleetSpec(**wrong)  # type: ignore[arg-type]
