"""Slurm: node lines and the tree topology."""

from __future__ import annotations

from collections.abc import Sequence

from aifctl.fleet.fleet import Fleet
from aifctl.roster.format import Losses, RosterFormat, Written
from aifctl.roster.slurm import read_conf, write_nodes, write_tree, written


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write nodes.conf, to be included by slurm.conf, and topology.conf for topology/tree."""
    losses = Losses()
    files = (
        ("nodes.conf", write_nodes(fleet, names, losses)),
        ("topology.conf", write_tree(fleet, names, losses)),
    )
    return written(files, losses)


FORMAT = RosterFormat(
    name="slurm", about="Slurm's NodeName lines and topology.conf, topology/tree", read=read_conf, write=write
)
