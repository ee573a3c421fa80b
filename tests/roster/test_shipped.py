"""The inventories that ship, and the template: clean, and what they say they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aifctl.roster.sources import find_inventory
from tests.roster.inventories import SHIPPED, mistakes_in, roster


@pytest.mark.parametrize("name", ["demo", "ai-factory-50k"])
def test_a_shipped_inventory_has_no_mistake(name: str) -> None:
    assert roster().check(SHIPPED / name) == []


def test_the_large_one_is_the_factory_it_claims_to_be() -> None:
    fleet = roster().load(SHIPPED / "ai-factory-50k").fleet
    assert len(fleet) == 6250
    assert Counter(len(members) for members in fleet.scope("su").values()) == {32: 195, 10: 1}
    assert len(fleet.scope("leaf")) == len(fleet.leaves) == 196 * 8
    assert all(len(fleet.node(name).rails) == 8 for name in fleet.names)
    assert Counter(len(members) for members in fleet.scope("leaf").values()) == {32: 195 * 8, 10: 8}
    assert max(len(members) for members in fleet.scope("rack").values()) == 4
    assert len(fleet.scope("hall")) == 4
    assert all(len(leaf.spines) == 32 for leaf in fleet.leaves.values())
    assert all(len(fleet.node(name).feeds) == 2 for name in fleet.names)


def test_the_large_one_can_be_read_by_a_person() -> None:
    lines = [line for file in (SHIPPED / "ai-factory-50k").iterdir() for line in file.read_text().splitlines()]
    assert len(lines) < 200


def test_the_demo_has_64_nodes_in_two_units() -> None:
    fleet = roster().load(SHIPPED / "demo").fleet
    assert len(fleet) == 64
    assert {su: len(members) for su, members in fleet.scope("su").items()} == {"su1": 32, "su2": 32}
    assert fleet.members("state", "off") == ("r16n04",)


def test_the_template_checks_clean_and_uses_every_key() -> None:
    template = roster().template()
    assert mistakes_in(template) == []
    assert all(
        f"{key}:" in template for key in ("each", "overrides", "leaves", "policy", "groups", "jump", "host_keys")
    )


def test_the_template_with_its_comments_taken_away_still_checks_clean() -> None:
    lines = roster().template().splitlines()
    shown = [line.replace("  # ", "  ", 1) if line.startswith("  # ") and ":" in line else line for line in lines]
    shown = [line for line in shown if "host_keys" not in line]
    assert mistakes_in("\n".join(shown) + "\n") == []


def test_the_folder_that_ships_is_not_one_fleet_and_the_error_lists_them(tmp_path: Path) -> None:
    (tmp_path / "inventory").symlink_to(SHIPPED)
    with pytest.raises(Exception, match=r"holds 2; name one with --inventory: .*ai-factory-50k, .*demo"):
        find_inventory(None, {}, None, tmp_path, system=tmp_path / "none")
