"""What every parser raises, and nothing else."""

from __future__ import annotations


class UnreadableError(ValueError):
    """The text is not what it claims to be, or is cut; one sentence says where."""
