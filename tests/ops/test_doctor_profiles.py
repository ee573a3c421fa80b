"""doctor on profiles: which kinds of nodes are known, for how many nodes there is one, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ops.doctor_fakes import ControlHost, healthy, see

_FLEET = "site: lab\nnodes:\n  n[1-3]: {{sku: {}}}\n  n4: {{}}\n"


@pytest.fixture
def host(tmp_path: Path) -> ControlHost:
    return healthy(tmp_path / "home")


def test_nodes_are_counted_by_the_profile_that_is_for_them(host: ControlHost) -> None:
    host.write_inventory(_FLEET.format("h100-sxm5-8"))
    row = see(host).row("profiles")
    assert row["status"] == "ok"
    assert row["found"].startswith("h100-sxm5 (")
    assert row["found"].endswith("h100-sxm5.yaml) for 3 nodes; no SKU in the inventory for 1 nodes")


def test_nodes_of_a_kind_that_nobody_has_described_are_a_warning(host: ControlHost) -> None:
    host.write_inventory(_FLEET.format("b300-x"))
    row = see(host).row("profiles")
    assert row["status"] == "warn"
    assert row["found"].endswith("none for 3 nodes of b300-x")
    assert "reads unknown there" in row["advice"]


def test_a_profile_with_a_mistake_fails(host: ControlHost) -> None:
    folder = host.folder / "profiles"
    folder.mkdir()
    (folder / "mine.yaml").write_text("skuz: [x]\n")
    row = see(host).row("profiles")
    assert (row["status"], row["found"]) == (
        "fail",
        f"{folder}/mine.yaml:1: a profile has no key 'skuz'; did you mean 'skus'?",
    )
    assert row["advice"] == "aifctl inventory check tells all of them"


def test_without_an_inventory_the_profiles_are_named_all_the_same(host: ControlHost) -> None:
    host.inventory_path.unlink()
    row = see(host).row("profiles")
    assert (row["status"], row["found"]) == ("ok", "a100-sxm4, h100-sxm5, h200-sxm5")
