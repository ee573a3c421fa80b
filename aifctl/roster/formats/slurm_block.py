"""Slurm: node lines and the block topology of 23.11 and later."""

from __future__ import annotations

from collections.abc import Sequence

from aifctl.fleet.fleet import Fleet
from aifctl.roster.format import RosterFormat, Written
from aifctl.roster.slurm import read_conf, write_block, written


def write(fleet: Fleet, names: Sequence[str]) -> Written:
    """Write nodes.conf and, for topology/block, topology.conf."""
    return written(fleet, names, write_block)


FORMAT = RosterFormat(
    name="slurm-block", about="Slurm's NodeName lines and topology.conf, topology/block", read=read_conf, write=write
)
