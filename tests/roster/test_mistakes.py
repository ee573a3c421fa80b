"""Every mistake is told with file and line, all at once."""

from __future__ import annotations

import pytest

from tests.roster.inventories import mistakes_in

_LEAFY = "defaults: {rails: {0: {leaf: l1, port: '{node#}'}}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "nodes: n[1-2]\nracks: {r1: {nodes: n2}}\n",
            "a.yaml:2: node n2 stands here twice; first at a.yaml:1; to change",
        ),
        ("nodes: {'n[1-2]': {address: 10.0.0.1}}\n", "a.yaml:1: address 10.0.0.1 of n2 is n1's already"),
        ("nodes:\n  n1: {address: n2}\n  n2:\n", "address n2 of n2 is n1's already, at a.yaml:2"),
        ("nodes: {'n[1-2]': {address: a, port: 23}}\n", "address a port 23 of n2 is n1's already"),
        (
            "nodes:\n  n1: {serial: S1}\n  n2: {serials: {board: s1}}\n",
            "a.yaml:3: serial s1 of n2 is n1's already, at a.yaml:2",
        ),
        ("nodes: {'n[1-2]': {bmc: 10.0.0.1}}\n", "BMC address 10.0.0.1 of n2 is n1's already"),
        ("nodes: {'n[1-2]': {mac: '0c:42:a1:00:00:01'}}\n", "MAC 0c:42:a1:00:00:01 of n2 is n1's already"),
        ("nodes: {'n[1-2]': {slurm_name: x}}\n", "Slurm name x of n2 is n1's already"),
        (
            "nodes: {'n[1-2]': {rails: {0: {guid: 0x0c42a10300aabb01}}}}\n",
            "GUID 0x0c42a10300aabb01 of n2 is n1's already",
        ),
        ("nodes: {n1: {adress: x}}\n", "a.yaml:1: this node has no key 'adress'; did you mean 'address'?"),
        ("node: n1\n", "the file has no key 'node'; did you mean 'nodes'?"),
        ("nodes: n1\nrack: {r1: {}}\n", "a.yaml:2: rack must be one value, and here stands a mapping"),
        ("racks: {r1: {halls: h1}}\n", "this rack has no key 'halls'"),
        ("nodes: n[3-1]\n", "a.yaml:1: node 'n[3-1]': the range 3-1 runs backwards"),
        ("nodes: n[1-\n", "is never closed"),
        ("nodes: n[01-100]\n", "differ in width"),
        ("nodes: ['n 1']\n", "write a comma between two names"),
        ("nodes: n/1\n", "'n/1' is no node name"),
        ("nodes: {n1: {port: 70000}}\n", "a.yaml:1: port: 70000 is no TCP port"),
        ("nodes: {n1: {port: ssh}}\n", "'ssh' is not a number from 1 up"),
        ("nodes: {n1: {off: maybe}}\n", "'maybe' is neither true nor false"),
        ("nodes: {n1: {state: draind}}\n", "there is no state 'draind'; did you mean 'drained'?"),
        ("nodes: {n1: {address: 10.0.0.300}}\n", "'10.0.0.300' is no IPv4 address"),
        ("nodes: {'n[1-2]': {address: '10.0.{node#+254}.1'}}\n", "'10.0.256.1' is no IPv4 address"),
        ("nodes: {n1: {address: [a, b]}}\n", "address must be one value, and here stands a list"),
        ("nodes: {n1: {mac: xx}}\n", "'xx' is no MAC address"),
        ("nodes: {n1: {jump: 'a b'}}\n", "'a b' is no jump chain"),
        ("nodes: {n1: {jump: 'ops@:22'}}\n", "is no jump chain"),
        ("nodes: {n1: {host_keys: ssh-ed25519 nonsense}}\n", "is no public host key"),
        ("nodes: {n1: {labels: [a]}}\n", "labels must be a mapping, and here stands a list"),
        (
            "nodes: {n1: {bmc: {address: 1.2.3.4, kind: ipmi}}}\n",
            "there is no BMC kind 'ipmi'; there are redfish, console",
        ),
        ("nodes: {n1: {address: '10.0.{rack#}.1'}}\n", "{rack#} has no value: no rack stands above it"),
        ("nodes: {n1: {rails: {8: {hca: x}}}}\n", "there is no rail 8; rails are 0-7"),
        ("nodes: {n1: {rails: {a: {hca: x}}}}\n", "'a' names no rails"),
        ("nodes: {n1: {rails: {0: {laef: x}}}}\n", "a rail has no key 'laef'; did you mean 'leaf'?"),
        ("nodes: {'n[1-2]': {each: {serial: [a]}}}\n", "each has 1 values for 2 nodes"),
        ("nodes: {n1: {each: {serail: [a]}}}\n", "each has no key 'serail'; did you mean 'serial'?"),
        ("nodes: n1\noverrides: {n2: {off: true}}\n", "a.yaml:2: overrides: there is no node 'n2'; did you mean 'n1'?"),
        (
            "halls: {h1: {racks: {r1: {nodes: n1}}}, h2: {racks: {r1: {nodes: n2}}}}\n",
            "rack r1 is in hall h2 here and in hall h1",
        ),
        (
            "halls: {h1: {sus: {s1: {nodes: n1}}}, h2: {sus: {s1: {nodes: n2}}}}\n",
            "su s1 is in hall h2 here and in hall h1",
        ),
        (
            "sus: {s1: {racks: {r1: {nodes: n1}}}, s2: {racks: {r1: {nodes: n2}}}}\n",
            "rack r1 is in su s2 here and in su s1",
        ),
        ("racks: {r1: {nodes: {'n[1-2]': {unit: 5}}}}\n", "n2 and n1 both occupy U5 of rack r1"),
        ("racks: {r1: {height: 8, nodes: {n1: {unit: 1}, n2: {unit: 8}}}}\n", "n2 and n1 both occupy U8 of rack r1"),
        (
            "racks: {r1: {height: 8, rack_height: 42, nodes: {n1: {unit: 40}}}}\n",
            "n1 would reach U47 of rack r1, which ends at U42",
        ),
        (
            "racks: {r1: {height: 8, rack_height: 20, nodes: 'n[1-3]'}}\n",
            "rack r1 has 20 U, and with n3 it would hold 24 U",
        ),
        (_LEAFY + "nodes: {n1: ~, m1: ~}\n", "port 1 of leaf l1 is wired to n1 rail 0 and to m1 rail 0"),
        (_LEAFY + "nodes: n3\nleaves: {l1: {ports: 2}}\n", "leaf l1 has 2 ports, and n3 rail 0 is wired to port 3"),
        (
            "defaults: {rails: {0: {leaf: l1}}}\nnodes: n[1-3]\nleaves: {l1: {ports: 2}}\n",
            "leaf l1 has 2 ports, and n3 rail 0 is link 3 to it",
        ),
        (
            _LEAFY + "nodes: n1\nleaves: {l2: ~}\n",
            "leaf l1 of n1 rail 0 does not stand under leaves:; did you mean l2?",
        ),
        (_LEAFY + "nodes: n1\nleaves: {l1: {rail: 1}}\n", "leaf l1 serves rail 1, and n1 is wired to it with rail 0"),
        ("nodes: n1\nleaves: {l1: {rail: 9}}\n", "there is no rail '9'"),
        ("nodes: n1\nleaves: {'l[1-2]': ~, l2: ~}\n", "leaf l2 stands here twice"),
        ("nodes: n1\ngroups: {g: n2}\n", "a.yaml:2: group 'g': there is no node 'n2'; did you mean 'n1'?"),
        ("nodes: n1\ngroups: {g: '@rakc:r1'}\n", "a.yaml:2: group 'g': there is no kind '@rakc:'"),
        ("nodes: n1\ngroups: {g: '@hg', hh: n1}\n", "group 'g': there is no group @hg"),
        ("nodes: n1\ngroups: {g: '@h', h: '@g & n1'}\n", "group 'g' stands for itself"),
        ("nodes: n1\ngroups: {all: n1}\n", "@all means something already"),
        ("defaults: {groups: g}\nnodes: n1\ngroups: {g: '@all'}\n", "group 'g' is a selector here, and nodes name it"),
        ("nodes: n1\npolicy: {protected: '@rack:'}\n", "policy protected: @rack: is not complete"),
        ("nodes: n1\npolicy: {max_nodse: 1}\n", "policy has no key 'max_nodse'; did you mean 'max_nodes'?"),
        ("nodes: n1\npolicy: {max_nodes: many}\n", "policy max_nodes: 'many' is not a number"),
        ("nodes: n1\npolicy: {max_nodes_per: {row: 1}}\n", "there is no scope 'row'"),
        ("nodes: n1\npolicy: {stale_after: soon}\n", "policy stale_after: 'soon' is not a duration"),
        ("- n1\n", "an inventory is a mapping"),
        ("nodes: n[1-500]m[1-500]\n", "200,000 are the most"),
        ("halls: {'h[1-9999]': {racks: {'r[1-9999]': {nodes: ~}}}}\n", "more than 200,000 names"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    told = mistakes_in(text)
    assert any(message in mistake for mistake in told), told


@pytest.mark.parametrize(
    "text",
    [
        "nodes: {n1: {bmc: {address: 1.2.3.4, password: hunter2}}}\n",
        "nodes: {n1: {password: hunter2}}\n",
        "nodes: {n1: {labels: {api_token: hunter2}}}\n",
        "nodes: {n1: {ssh_pass: hunter2}}\n",
        "nodes: {n1: {bmc: 'https://root:hunter2@10.0.0.1'}}\n",
        "nodes: {n1: {jump: 'ops:hunter2@jump1'}}\n",
        "nodes: {n1: {ssh: {ProxyCommand: 'sshpass -p hunter2 ssh -W %h:%p jump1'}}}\n",
        "nodes: {n1: {identity: '-----BEGIN OPENSSH PRIVATE KEY-----hunter2'}}\n",
        "nodes: {n1: {each: {bmc.password: [hunter2]}}}\n",
    ],
)
def test_a_credential_in_clear_is_a_mistake_and_is_not_repeated(text: str) -> None:
    told = mistakes_in(text)
    assert any("a credential in clear" in mistake for mistake in told), told
    assert not any("hunter2" in mistake for mistake in told)


@pytest.mark.parametrize("key", ["password_file", "token_command"])
def test_a_reference_to_a_credential_is_none(key: str) -> None:
    assert mistakes_in(f"nodes: {{n1: {{labels: {{{key}: /etc/x}}}}}}\n") == []


def test_all_mistakes_of_all_files_come_at_once_in_order() -> None:
    told = mistakes_in(
        "nodes:\n  n1: {prot: 22}\n  n2: {state: gone, port: 0}\n",
        "nodes: {n1: {address: 10.0.0.300}}\nfoo: 1\n",
        "a: [\n",
    )
    assert [mistake.split(": ")[0] for mistake in told] == [
        "a.yaml:2",
        "a.yaml:3",
        "a.yaml:3",
        "b.yaml:1",
        "b.yaml:1",
        "b.yaml:2",
        "c.yaml:2",
    ]


def test_one_wrong_pattern_for_thousands_of_nodes_is_told_briefly() -> None:
    told = mistakes_in("nodes: {'n[1-5000]': {address: 10.0.0.1}}\n")
    assert len(told) == 3
    assert "more like it on this line" in told[-1]


def test_sections_that_two_files_both_write_are_mistakes() -> None:
    told = mistakes_in("policy: {max_nodes: 1}\ndefaults: {user: a}\n", "policy: {max_nodes: 2}\ndefaults: {user: b}\n")
    assert told == [
        "b.yaml:1: policy has 'max_nodes' twice; first at a.yaml:1",
        "b.yaml:2: defaults has 'user' twice; first at a.yaml:2",
    ]


def test_a_node_may_bear_one_serial_twice() -> None:
    assert mistakes_in("nodes: {n1: {serials: {chassis: A, board: A}}}\n") == []


def test_two_nodes_may_share_an_address_on_different_ports() -> None:
    assert mistakes_in("nodes: {'n[1-2]': {address: 127.0.0.1, port: '{node#+2200}'}}\n") == []
