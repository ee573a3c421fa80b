"""What Slurm's lines mean for an inventory."""

from __future__ import annotations

import pytest

from aifctl.core.errors import InventoryError
from aifctl.fleet.lifecycle import State
from aifctl.roster.slurm import read_conf

_CONF = """
NodeName=DEFAULT CPUs=192 RealMemory=2000000   # all alike
NodeName=n[1-2] NodeAddr=10.0.0.[1-2] \\
    Feature=h100,ib State=UNKNOWN
NodeName=n3 NodeAddr=10.0.0.3 State=DRAIN
PartitionName=batch Nodes=n[1-2]
PartitionName=all Nodes=ALL
SwitchName=leaf1 Nodes=n[1-2]
SwitchName=leaf2 Nodes=n3
SwitchName=spine Switches=leaf[1-2]
"""


def test_nodes_have_their_addresses_groups_states_and_places() -> None:
    found = read_conf(_CONF, "slurm.conf")
    nodes = {node.endpoint.name: node for node in found.nodes}
    assert {name: node.endpoint.address for name, node in nodes.items()} == {
        "n1": "10.0.0.1",
        "n2": "10.0.0.2",
        "n3": "10.0.0.3",
    }
    assert nodes["n1"].groups == ("batch", "h100", "ib")
    assert [nodes[name].state for name in ("n1", "n3")] == [State.READY, State.DRAINED]
    assert [(nodes[name].su, nodes[name].hall) for name in ("n2", "n3")] == [("leaf1", "spine"), ("leaf2", "spine")]


def test_what_an_inventory_does_not_keep_is_told() -> None:
    lost = " ".join(read_conf(_CONF + "ClusterName=x\n", "slurm.conf").lost)
    assert "cpus, which is Slurm's own business" in lost
    assert "partitions of all nodes, which @all is" in lost
    assert "lines that say nothing of nodes" in lost


def test_switches_in_a_circle_end() -> None:
    text = "SwitchName=a Switches=b Nodes=n1\nSwitchName=b Switches=a\n"
    assert [(node.su, node.hall) for node in read_conf(text, "topology.conf").nodes] == [("a", "b")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("NodeName=n[1-3] NodeAddr=10.0.0.[1-2]", "3 names and 2 addresses"), ("NodeName=n[1-", "n\\[1-")],
)
def test_a_line_that_makes_no_sense_is_refused_with_its_number(line: str, complaint: str) -> None:
    with pytest.raises(InventoryError, match=complaint) as told:
        read_conf(f"# nodes\n{line}\n", "slurm.conf")
    assert "slurm.conf:2" in str(told.value)
