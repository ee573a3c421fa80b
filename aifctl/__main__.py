"""python -m aifctl."""

from __future__ import annotations
