"""What an inventory's text means."""

from __future__ import annotations

from pathlib import Path

import pytest

from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Bmc, Rail
from tests.roster.inventories import fleet_of


def test_a_line_is_enough_for_many_nodes(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, "nodes: r[01-02]n[1-16]\n")
    assert len(fleet) == 32
    assert fleet.endpoint("r02n16").address == "r02n16"
    assert fleet.endpoint("r02n16").port == 22


def test_levels_give_places_and_patterns_read_them(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path,
        """
site: north
halls:
  h[1-2]:
    sus:
      su[{hall#*2-1}-{hall#*2}]:
        racks:
          r{su#}[1-2]:
            nodes: {"{rack}n[1-2]": {address: "10.{hall#}.{rack#}.{node#}", bmc: "10.9.{rack#}.{node#}"}}
""",
    )
    node = fleet.node("r42n1")
    assert (node.site, node.hall, node.su, node.rack) == ("north", "h2", "su4", "r42")
    assert node.endpoint.address == "10.2.42.1"
    assert node.bmc == Bmc(address="10.9.42.1")
    assert len(fleet) == 16


def test_the_nearest_wins_and_nothing_takes_away(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path,
        """
defaults: {user: ops, sku: a, jump: j1, feeds: [A, B], labels: {x: "1", y: "2"}}
sku: b
racks:
  r1:
    sku: c
    nodes:
      n1: {sku: d, jump: ~, labels: {y: "3"}}
      n2: {feeds: C, labels: ~}
overrides:
  n2: {sku: e}
""",
    )
    first, second = fleet.node("n1"), fleet.node("n2")
    assert (first.sku, first.endpoint.jump, first.labels) == ("d", (), (("x", "1"), ("y", "3")))
    assert (second.sku, second.endpoint.jump, second.labels, second.feeds) == ("e", ("j1",), (), ("C",))
    assert first.endpoint.user == "ops"


def test_groups_add_up_from_all_levels_and_from_the_section(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path,
        """
defaults: {groups: [fleet]}
racks: {r1: {groups: row, nodes: {"n[1-2]": {groups: [gpu, row]}}}}
overrides: {n2: {groups: canary}}
groups: {first: n1, late: "@row ! n1"}
""",
    )
    assert fleet.node("n1").groups == ("fleet", "row", "gpu", "first")
    assert fleet.node("n2").groups == ("fleet", "row", "gpu", "canary")
    assert fleet.selectors == {"late": "@row ! n1"}


def test_each_gives_every_node_its_own_value_in_order(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path,
        """
nodes:
  n[1-3]:
    each:
      serial: [S1, S2, S3]
      bmc: [10.9.0.1, ~, 10.9.0.3]
      rails.0.guid: ["0x0C42A10300AABB01", "0c42:a103:00aa:bb02", ~]
      mac: [0C-42-A1-00-00-01, 0c42.a100.0002, "0c:42:a1:00:00:03"]
""",
    )
    assert [dict(fleet.node(name).serials)["chassis"] for name in fleet.names] == ["S1", "S2", "S3"]
    assert fleet.node("n2").bmc is None
    assert fleet.node("n2").rails == (Rail(index=0, guid="0x0c42a10300aabb02"),)
    assert [fleet.node(name).mac for name in fleet.names] == [f"0c:42:a1:00:00:0{at}" for at in (1, 2, 3)]


def test_rails_are_written_by_range_and_overridden_one_by_one(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path,
        """
defaults: {rails: {0-7: {hca: "mlx5_{rail}", leaf: "l1-r{rail}", port: "{node#}"}}}
nodes: n[1-2]
overrides: {n2: {rails: {3: {leaf: l9-r3, port: 40}, 7: ~}}}
""",
    )
    assert fleet.node("n1").rails[7] == Rail(index=7, hca="mlx5_7", leaf="l1-r7", leaf_port=1)
    assert fleet.node("n2").rails[3] == Rail(index=3, hca="mlx5_3", leaf="l9-r3", leaf_port=40)
    assert len(fleet.node("n2").rails) == 7


def test_all_that_dialling_needs_can_be_said(tmp_path: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAgYGDoybZDwpi6r66Hp0aFCsfSUEUw4bnXHy2m"
    fleet = fleet_of(
        tmp_path,
        f"""
nodes:
  n1:
    address: "[2001:db8::1]"
    port: 2222
    user: ops
    identity: [~/.ssh/fleet, /etc/key]
    jump: ["ops@j1:2200,j2", "[2001:db8::2]:22"]
    host_keys: "{key} comment"
    ssh: {{ServerAliveInterval: 15, Compression: no}}
""",
    )
    endpoint = fleet.endpoint("n1")
    assert (endpoint.address, endpoint.port, endpoint.user) == ("2001:db8::1", 2222, "ops")
    assert endpoint.identity == ("~/.ssh/fleet", "/etc/key")
    assert endpoint.jump == ("ops@j1:2200,j2", "[2001:db8::2]:22")
    assert endpoint.host_keys == (key,)
    assert endpoint.options == (("ServerAliveInterval", "15"), ("Compression", "no"))


def test_state_off_and_slurm_name(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path, 'nodes: {"n[1-2]": {slurm_name: "gpu-{node#:03}"}}\noverrides: {n2: {state: repair, off: yes}}\n'
    )
    node = fleet.node("n2")
    assert (node.state, node.off, node.slurm_name) == (State.REPAIR, True, "gpu-002")
    assert fleet.members("state", "off") == ("n2",)


def test_files_of_a_directory_are_one_inventory(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path,
        "defaults: {user: ops}\nnodes: a[1-2]\n",
        "nodes: b1\noverrides: {a1: {user: root}}\n",
        "policy: {protected: '@first', max_nodes: 10, max_nodes_per: {rack: 2}, stale_after: 30d, guarded: [run]}\n"
        "groups: {first: a1}\n",
    )
    assert fleet.names == ("a1", "a2", "b1")
    assert fleet.policy.control_hosts == ()
    assert [fleet.endpoint(name).user for name in fleet.names] == ["root", "ops", "ops"]
    assert (fleet.policy.protected, fleet.policy.max_nodes, fleet.policy.stale_after_s) == ("@first", 10, 2592000.0)
    assert (fleet.policy.max_nodes_per, fleet.policy.guarded) == ((("rack", 2),), ("run",))


def test_control_hosts_stand_in_the_policy_as_ranges_or_one_by_one(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, "nodes: n1\npolicy: {control_hosts: ['ctl[1-2].example.org', spare]}\n")
    assert fleet.policy.control_hosts == ("ctl1.example.org", "ctl2.example.org", "spare")


def test_anchors_may_stand_under_keys_of_their_own(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, "x-rack: &rack {nodes: '{rack}n[1-4]'}\nracks: {r1: *rack, r2: *rack}\n")
    assert len(fleet) == 8


def test_leaves_say_their_ports_rails_and_spines(tmp_path: Path) -> None:
    fleet = fleet_of(
        tmp_path, "nodes: n1\nleaves: {'l[1-2]-r[0-1]': {ports: 32, spines: 's[1-2]'}, l3-r0: {rail: 0}}\n"
    )
    assert len(fleet.leaves) == 5
    assert (fleet.leaves["l2-r1"].ports, fleet.leaves["l2-r1"].spines) == (32, ("s1", "s2"))
    assert fleet.leaves["l3-r0"].rail == 0


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "nodes:\n"])
def test_an_inventory_may_be_empty(tmp_path: Path, text: str) -> None:
    assert len(fleet_of(tmp_path, text)) == 0


def test_names_stand_in_nodeset_order_whatever_the_order_of_the_file(tmp_path: Path) -> None:
    assert fleet_of(tmp_path, "nodes: [n10, n2, n1, a9]\n").names == ("a9", "n1", "n2", "n10")


def test_several_sites_may_stand_in_one_inventory(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, "sites: {north: {racks: {r1: {nodes: n1}}}, south: {user: ops, nodes: n2}}\n")
    assert {site: list(names) for site, names in fleet.scope("site").items()} == {"north": ["n1"], "south": ["n2"]}
    assert fleet.endpoint("n2").user == "ops"
