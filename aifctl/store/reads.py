"""All that a Reader is asked."""

from __future__ import annotations

from aifctl.store.reads_custody import CustodyReads
from aifctl.store.reads_incidents import IncidentReads
from aifctl.store.reads_nodes import NodeReads


class Reads(NodeReads, CustodyReads, IncidentReads):
    """Implements the questions of ports.store.Reader; closing is its owner's business."""
