"""Import and export: there and back, what is lost is said, and nothing hostile gets through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ClusterShell.NodeUtils import GroupResolver, YAMLGroupLoader

from aifctl.core.errors import InventoryError, UsageError
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.lifecycle import State
from aifctl.fleet.node import Node
from aifctl.ports.roster import Imported
from tests.roster.inventories import SHIPPED, fleet_of, mistakes_in, open_drawer, roster

#: format → what of a node comes back from it.
_CARRIES = {
    "ansible-ini": "address user port site hall su rack sku state off mac slurm_name serial bmc groups labels jump",
    "ansible-yaml": "address user port site hall su rack sku state off mac slurm_name serial bmc groups labels jump",
    "ansible-dynamic": "address user port site hall su rack sku state off mac slurm_name serial bmc groups labels jump",
    "clustershell": "site hall su rack sku groups",
    "hosts": "address",
    "netbox": "site hall rack unit sku state off serial groups ticket",
    "slurm": "address",
    "slurm-block": "address",
    "ssh-config": "address user port jump options identity",
}
_RICH = """
site: north
defaults: {user: ops, sku: h100, jump: ["ops@j1:2200,j2"], identity: "/keys/fleet key", ssh: {Compression: "no"}}
sus:
  su[1-2]:
    hall: h1
    racks:
      r[{su#*2-1}-{su#*2}]:
        nodes: {"{rack}n[1-4]": {address: "10.0.{rack#}.{node#}", bmc: "10.9.{rack#}.{node#}", serial: "S{rack#:02}{node#:02}",
                                 unit: "{node#*10}"}}
overrides:
  r1n2: {state: repair, labels: {ticket: "RMA 17"}, port: 2222, mac: "0c:42:a1:00:00:01", slurm_name: gpu-12}
  r2n1: {off: true}
groups: {canary: "r1n1,r4n4", blue: "r2n[1-2]"}
"""


def _one_text(fleet: Fleet, name: str, file: int = 0) -> str:
    return roster().export_text(fleet, format_name=name).files[file][1]


def _imported(tmp_path: Path, text: str, name: str) -> tuple[Fleet, Imported]:
    imported = roster().import_text(text, format_name=name)
    assert mistakes_in(imported.yaml) == []
    (tmp_path / "back").mkdir()
    return fleet_of(tmp_path / "back", imported.yaml), imported


@pytest.fixture
def rich(tmp_path: Path) -> Fleet:
    (tmp_path / "rich").mkdir()
    return fleet_of(tmp_path / "rich", _RICH)


def test_every_format_has_a_test_of_its_round_trip() -> None:
    assert {each.name for each in open_drawer()} == set(_CARRIES)
    assert [about.name for about in roster().formats()] == sorted(_CARRIES)


@pytest.mark.parametrize("name", sorted(_CARRIES))
def test_what_a_format_can_say_comes_back(name: str, rich: Fleet, tmp_path: Path) -> None:
    if name.startswith("slurm"):
        (tmp_path / "plain").mkdir()
        rich = fleet_of(tmp_path / "plain", _RICH.replace(", slurm_name: gpu-12", ""))
    back, imported = _imported(tmp_path, _one_text(rich, name), name)
    assert back.names == rich.names
    assert imported.node_count == 16
    for key in _CARRIES[name].split():
        before, after = rich.attribute(key), back.attribute(key)
        assert [after(node) for node in rich.names] == [before(node) for node in rich.names], key


@pytest.mark.parametrize("name", sorted(_CARRIES))
def test_only_the_chosen_nodes_are_written(name: str, rich: Fleet) -> None:
    exported = roster().export_text(rich, format_name=name, names=["r3n1", "r3n2"])
    text = "".join(text for _, text in exported.files)
    assert "r1" not in text
    assert "r3n" in text


def test_what_an_export_can_not_say_is_said(rich: Fleet) -> None:
    lost = roster().export_text(rich, format_name="netbox").lost
    assert any(sentence.startswith("addresses (NetBox keeps them") for sentence in lost)
    assert any("r1n1, r1n2, r1n3 and 13 more" in sentence for sentence in lost)


def test_an_import_is_compact_where_values_follow_from_names(tmp_path: Path) -> None:
    fleet = roster().load(SHIPPED / "demo").fleet
    _, imported = _imported(tmp_path, _one_text(fleet, "ansible-ini"), "ansible-ini")
    assert 'address: "10.20.{rack#}.{node#}"' in imported.yaml
    assert 'serial: "DEMO{rack#:02}{node#:02}"' in imported.yaml
    assert len(imported.yaml.splitlines()) < 40
    assert imported.lost == ()


def test_values_that_follow_from_nothing_are_listed_in_order(tmp_path: Path) -> None:
    text = "".join(f"10.0.0.{(7 * number) % 64 + 1}  n{number}\n" for number in range(1, 41))
    back, imported = _imported(tmp_path, text, "hosts")
    assert "each:" in imported.yaml
    assert [back.endpoint(f"n{number}").address for number in (1, 9, 40)] == ["10.0.0.8", "10.0.0.64", "10.0.0.25"]


def test_an_import_that_does_not_check_clean_says_what_a_person_must_settle() -> None:
    imported = roster().import_text("a ansible_host=10.0.0.1\nb ansible_host=10.0.0.1\n", format_name="ansible-ini")
    assert any("to be settled by hand: address 10.0.0.1 of b is a's already" in sentence for sentence in imported.lost)


def test_a_format_that_does_not_exist_is_named_with_its_nearest() -> None:
    with pytest.raises(UsageError, match="no inventory format 'ansible_ini'; did you mean ansible-ini"):
        roster().import_text("", format_name="ansible_ini")


_INI = """
; a comment
ungrouped1:2200 ansible_user="ops team"   # trailing
[web]
web[01:03].example.com ansible_host=10.0.0.9 http_port=80
[db]
db-[a:c]
[db:vars]
ansible_ssh_common_args='-o ProxyJump=ops@bastion'
ansible_become_pass=hunter2
region = "north west"
[all:vars]
ansible_user=root
ansible_python_interpreter=/usr/bin/python3
[east:children]
web
db
"""


def test_ansible_ini_ranges_groups_variables_and_children(tmp_path: Path) -> None:
    imported = roster().import_text(
        _INI.replace("10.0.0.9", "10.0.0.{{x}}").replace("ansible_host=10.0.0.{{x}} ", ""), format_name="ansible-ini"
    )
    (tmp_path / "x").mkdir()
    fleet = fleet_of(tmp_path / "x", imported.yaml)
    assert fleet.names == (
        "db-a",
        "db-b",
        "db-c",
        "ungrouped1",
        "web01.example.com",
        "web02.example.com",
        "web03.example.com",
    )
    assert fleet.members("group", "east") == tuple(name for name in fleet.names if name != "ungrouped1")
    assert fleet.endpoint("db-a").jump == ("ops@bastion",)
    assert fleet.endpoint("db-a").user == "root"
    assert fleet.endpoint("web01.example.com").port == 22
    assert fleet.attribute("region")("db-b") == "north west"
    assert fleet.attribute("http_port")("web02.example.com") == "80"
    assert fleet.endpoint("ungrouped1").port == 2200
    assert "hunter2" not in imported.yaml + "".join(imported.lost)
    assert any("ansible_become_pass: credentials stay out" in sentence for sentence in imported.lost)
    assert any("ansible_python_interpreter" in sentence for sentence in imported.lost)
    assert any("user that" in sentence or "values of user" in sentence for sentence in imported.lost)


def test_ansible_yaml_nesting_and_what_has_no_place(tmp_path: Path) -> None:
    text = """
all:
  vars: {ansible_user: ops}
  hosts: {"n[1:2]": ~}
  children:
    gpu:
      hosts: {n1: {ansible_port: 23, disks: [sda, sdb]}}
      children: {inner: {hosts: {n3: {}}}}
"""
    back, imported = _imported(tmp_path, text, "ansible-yaml")
    assert back.members("group", "gpu") == ("n1", "n3")
    assert back.members("group", "inner") == ("n3",)
    assert (back.endpoint("n1").port, back.endpoint("n3").user) == (23, "ops")
    assert imported.lost == ("variable disks, which is not a plain value (n1)",)


def test_a_dynamic_inventory_lists_every_host_in_meta(rich: Fleet) -> None:
    root = json.loads(_one_text(rich, "ansible-dynamic"))
    assert set(root["_meta"]["hostvars"]) == set(rich.names)
    assert root["canary"] == {"hosts": ["r1n1", "r4n4"]}
    assert root["rack_r2"]["hosts"] == ["r2n1", "r2n2", "r2n3", "r2n4"]


def test_clustershell_reads_what_is_written(rich: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "aifctl.yaml"
    file.write_text(_one_text(rich, "clustershell"))
    resolver = GroupResolver()
    for source in YAMLGroupLoader(str(file)):
        resolver.add_source(source)
    assert resolver.group_nodes("r2", "rack") == ["r2n[1-4]"]
    assert resolver.group_nodes("canary", "aifctl") == ["r[1,4]n[1,4]"] or resolver.group_nodes("canary", "aifctl") == [
        "r1n1,r4n4"
    ]


def test_clustershell_groups_may_name_groups(tmp_path: Path) -> None:
    text = "roles:\n  adm: n0\n  gpu: 'n[1-4]'\n  both: '@adm,@gpu, n9'\n  other: '@rack:r1'\n  odd: 'n[1-9]!n3'\nrack:\n  r1: ['n[1-2]', n0]\n"
    back, imported = _imported(tmp_path, text, "clustershell")
    assert back.members("group", "both") == ("n0", "n1", "n2", "n3", "n4", "n9")
    assert back.members("group", "other") == ("n0", "n1", "n2")
    assert back.members("rack", "r1") == ("n0", "n1", "n2")
    assert imported.lost == ("groups computed with operators or wildcards (roles:odd)",)


def test_etc_hosts_leaves_loopback_out_and_keeps_aliases(tmp_path: Path) -> None:
    text = "127.0.0.1 localhost\n::1 ip6-localhost\nff02::1 ip6-allnodes\n10.0.0.1\tn1.example.com n1 gpu1 # first\n2001:db8::2 n2\n10.0.0.2 n2\n"
    back, imported = _imported(tmp_path, text, "hosts")
    assert back.names == ("n1.example.com", "n2")
    assert back.attribute("aliases")("n1.example.com") == "n1 gpu1"
    assert imported.lost == ("further addresses of one name (n2 10.0.0.2)",)


def test_ssh_config_wildcards_apply_and_the_first_value_wins(tmp_path: Path) -> None:
    text = """
Host n1
  HostName=%h.example.com
  Port 2201
Host n* !n2
  User ops
  Port 22
  ProxyJump bastion
  IdentityFile "~/keys/my key"
Host n2
  ProxyJump none
Match exec "rm -rf /"
  User root
Host *
  ServerAliveInterval 15
"""
    back, imported = _imported(tmp_path, text, "ssh-config")
    first, second = back.endpoint("n1"), back.endpoint("n2")
    assert (first.address, first.port, first.user, first.jump) == ("n1.example.com", 2201, "ops", ("bastion",))
    assert (first.identity, first.options) == (("~/keys/my key",), (("ServerAliveInterval", "15"),))
    assert (second.user, second.jump) == (None, ())
    assert imported.lost == ("Match lines, and what stands below a Match (line 12)",)


def test_slurm_conf_partitions_features_states_and_topology(tmp_path: Path) -> None:
    text = """
ClusterName=x
NodeName=DEFAULT CPUs=16 State=UNKNOWN
NodeName=gpu-[1-4] NodeAddr=10.0.0.[1-4] Features=ib,big \\
  Gres=gpu:h100:8
NodeName=gpu-5 NodeAddr=10.0.0.5 State=DRAIN
PartitionName=train Nodes=gpu-[1-3] Default=YES
PartitionName=all Nodes=ALL
SwitchName=leaf1 Nodes=gpu-[1-2]
SwitchName=leaf2 Nodes=gpu-[3-5]
SwitchName=core Switches=leaf[1-2]
"""
    back, imported = _imported(tmp_path, text, "slurm")
    assert back.endpoint("gpu-4").address == "10.0.0.4"
    assert back.members("group", "train") == ("gpu-1", "gpu-2", "gpu-3")
    assert back.members("group", "ib") == ("gpu-1", "gpu-2", "gpu-3", "gpu-4")
    assert back.node("gpu-5").state is State.DRAINED
    assert {su: list(names) for su, names in back.scope("su").items()} == {
        "leaf1": ["gpu-1", "gpu-2"],
        "leaf2": ["gpu-3", "gpu-4", "gpu-5"],
    }
    assert list(back.scope("hall")) == ["core"]
    assert any(sentence.startswith("gres, which is Slurm's own business") for sentence in imported.lost)
    assert any(sentence.startswith("partitions of all nodes") for sentence in imported.lost)


@pytest.mark.parametrize("name", ["slurm", "slurm-block"])
def test_a_topology_round_trips(name: str, rich: Fleet, tmp_path: Path) -> None:
    back, _ = _imported(tmp_path, _one_text(rich, name, file=1), name)
    slurm_name = rich.attribute("slurm_name")
    for su, members in rich.scope("su").items():
        assert set(back.members("su", su)) == {slurm_name(member) or member for member in members}


def test_the_block_topology_is_as_slurm_documents_it(rich: Fleet) -> None:
    lines = [line for line in _one_text(rich, "slurm-block", file=1).splitlines() if not line.startswith("#")]
    assert lines == [
        "BlockName=su1 Nodes=gpu-12,r1n[1,3-4],r2n[1-4]",
        "BlockName=su2 Nodes=r[3-4]n[1-4]",
        "BlockSizes=8",
    ]


def test_the_tree_of_the_large_fleet_has_a_switch_for_every_unit_hall_and_the_site() -> None:
    text = _one_text(roster().load(SHIPPED / "ai-factory-50k").fleet, "slurm", file=1)
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == 196 + 4 + 1
    assert lines[-2:] == ["SwitchName=h4 Switches=su[148-196]", "SwitchName=north Switches=h[1-4]"]


def test_nodes_without_a_place_are_said_to_be_missing_from_the_topology(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, "nodes: n[1-2]\nracks: {r1: {nodes: m1}}\n")
    exported = roster().export_text(fleet, format_name="slurm")
    assert exported.files[1][1].splitlines()[1:] == ["SwitchName=r1 Nodes=m1"]
    assert any(sentence.startswith("nodes without an su or rack") for sentence in exported.lost)


def test_netbox_exports_of_its_own_are_understood(tmp_path: Path) -> None:
    text = (
        "\ufeffName,Status,Site,Location,Rack,Position (U),Type,Serial number,IP Address,Tags,Tenant,cf_asset\r\n"
        '"n1",Active,Oslo 1,"Hall, east",R 12,12.0,DGX H100,S1,10.0.0.1/24,"gpu,blue team",ACME,7\r\n'
        "n2,Failed,Oslo 1,,R 12,22.5,DGX H100,S2,,,,\r\n"
        ",Active,,,,,,,,,,\r\n"
    )
    imported = roster().import_text(text, format_name="netbox")
    (tmp_path / "back").mkdir()
    back = fleet_of(tmp_path / "back", imported.yaml)
    node = back.node("n1")
    assert (node.site, node.rack, node.unit, node.sku, node.endpoint.address) == (
        "Oslo-1",
        "R-12",
        12,
        "DGX-H100",
        "10.0.0.1",
    )
    assert (node.groups, node.labels, back.node("n2").state) == (("gpu", "blue-team"), (("asset", "7"),), State.REPAIR)
    told = "\n".join(imported.lost)
    assert all(
        word in told for word in ("column 'Tenant'", "no whole unit", "devices without a name", "values of hall")
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("ansible-ini", "[web\nn1\n", "input:1: '[web' is no section"),
        ("ansible-ini", "[web:hosts]\n", "there are no :hosts sections"),
        ("ansible-ini", "n1 port\n", "input:1: 'port' is no variable"),
        ("ansible-ini", "n1 a='x\n", "quotes don't match"),
        ("ansible-ini", "n[5:1]\n", "is not one of Ansible's ranges"),
        ("ansible-ini", "n[1:999999][1:999999]\n", "stands for more than 200,000 hosts"),
        ("ansible-ini", "[a:children]\nb\n[b:children]\na\n", "contains itself"),
        ("ansible-yaml", "all: [n1]\n", "input:1: group 'all' must be a mapping"),
        ("ansible-yaml", "all: {host: {}}\n", "did you mean 'hosts'"),
        ("ansible-yaml", "all: {hosts: {n1: {x: !vault abc}}}\n", "tags such as '!vault'"),
        ("ansible-dynamic", "{", "input:1: not JSON"),
        ("ansible-dynamic", "[" * 100_000, "not"),
        ("ansible-dynamic", "[]", "must be a JSON object"),
        ("ansible-dynamic", '{"a": {"hosts": [1]}}', "must be lists of names"),
        ("clustershell", "roles: [a]\n", "must be a mapping"),
        ("clustershell", "roles: {a: {b: c}}\n", "must be a nodeset"),
        ("clustershell", "roles: {a: 'n[3-1]'}\n", "runs backwards"),
        ("clustershell", "roles: {a: '@b', b: '@a'}\n", "contains itself"),
        ("clustershell", "roles: {a: '@nope'}\n", "there is no group '@nope'"),
        ("hosts", "n1 10.0.0.1\n", "input:1: 'n1' is not an IP address"),
        ("hosts", "10.0.0.1\n", "has no name"),
        ("ssh-config", "Host n1\n  \x07 y\n", "is no option"),
        ("ssh-config", 'Host "n1\n', "quotes don't match"),
        ("slurm", "NodeName=n[1-4] NodeAddr=10.0.0.[1-3]\n", "4 names and 3 addresses"),
        ("slurm", "NodeName=n[4-1]\n", "runs backwards"),
        ("netbox", "a,b\n1,2\n", "one of them `name`"),
        ("netbox", "name\nn1,n2\n", "2 fields stand under 1 columns"),
        ("netbox", 'name\n"n1\n', "not CSV"),
    ],
)
def test_a_text_that_is_not_of_its_format_is_an_error_with_its_line(name: str, text: str, message: str) -> None:
    with pytest.raises(InventoryError) as caught:
        roster().import_text(text, format_name=name)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ansible-ini", "../../etc/passwd\n$(reboot)\n-oProxyCommand=x\nok1 ansible_host='a;b' x='\x1b[2J'\n"),
        (
            "ansible-dynamic",
            '{"g\\u001b": ["ok1", "a b", "\\u202e"], "_meta": {"hostvars": {"ok1": {"k {}": "{node#}"}}}}',
        ),
        ("hosts", "10.0.0.1 ok1 \x1b]0;x\n10.0.0.2 a/b\n"),
        ("ssh-config", "Host ok1 a/../b\n  ProxyCommand sshpass -p hunter2 ssh x\n"),
        ("netbox", "name,serial,cf_password\nok1,{rack#},hunter2\na|b,x,y\n"),
        ("slurm", 'NodeName=ok1 NodeAddr="a/b"\n'),
    ],
)
def test_hostile_values_are_left_out_and_said(name: str, text: str, tmp_path: Path) -> None:
    imported = roster().import_text(text, format_name=name)
    assert imported.lost
    assert "hunter2" not in imported.yaml + "".join(imported.lost)
    assert fleet_of(tmp_path, imported.yaml).names == ("ok1",)


def test_braces_in_values_stay_braces(tmp_path: Path) -> None:
    back, _ = _imported(tmp_path, 'n1 x="{node#}"\nn2 x="a{b}c{{d"\n', "ansible-ini")
    assert [back.attribute("x")(name) for name in back.names] == ["{node#}", "a{b}c{{d"]


@pytest.mark.parametrize(
    "value",
    [
        "~",
        "null",
        "no",
        "2024-01-01",
        "a: b",
        "#x",
        "'",
        '"',
        "- a",
        "å",
        "[x]",
        "{x}",
        "1.0",
        "@x",
        "!x",
        "&x",
        "*x",
        "%x",
    ],
)
def test_texts_that_yaml_would_read_as_something_else_stay_texts(value: str, tmp_path: Path) -> None:
    root = json.dumps({"_meta": {"hostvars": {"n1": {"x": value}, "n2": {"x": value + "2"}}}, "g": ["n1", "n2"]})
    back, _ = _imported(tmp_path, root, "ansible-dynamic")
    assert back.attribute("x")("n1") == value


def test_a_whole_node_survives_the_yaml_that_an_import_writes(tmp_path: Path) -> None:
    fleet = roster().load(SHIPPED / "demo").fleet
    back, _ = _imported(tmp_path, _one_text(fleet, "ansible-dynamic"), "ansible-dynamic")

    def kept(node: Node) -> tuple[object, ...]:
        return (
            node.name,
            node.endpoint.address,
            node.rack,
            node.su,
            node.hall,
            node.site,
            node.state,
            node.off,
            node.serials,
        )

    assert [kept(back.node(name)) for name in back.names] == [kept(fleet.node(name)) for name in fleet.names]
