"""Slurm: node lines and the tree topology."""

from __future__ import annotations

from collections.abc import Sequence

from aifctl.fleet.fleet import Fleet
from aifctl.roster.format import RosterFormat, Written
from aifctl.roster.slurm import read_conf, write_tree, written


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write nodes.conf and, for topology/tree, topology.conf."""
    return written(fleet, names, write_tree)


FORMAT = RosterFormat(
    name="slurm", about="Slurm's NodeName lines and topology.conf, topology/tree", read=read_conf, write=write
)
