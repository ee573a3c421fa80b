"""Records into tables: what a record does depends on it and on what the tables hold, and on nothing else.

So the same records in the same order always make the same tables, whoever applies them, and whenever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from aifctl.store.apply_custody import (
    apply_broken,
    apply_frozen,
    apply_kept,
    apply_leases,
    apply_mutes,
    apply_released,
    apply_told,
    apply_unfrozen,
    apply_unmutes,
)
from aifctl.store.apply_incidents import apply_enqueued, apply_settled, apply_sightings, apply_taken, apply_word
from aifctl.store.apply_looks import apply_begin, apply_end, apply_looks
from aifctl.store.apply_pruned import apply_forget, apply_prune
from aifctl.store.apply_states import apply_moves, apply_notes
from aifctl.store.damage import NewerStoreError
from aifctl.store.hand import Hand

Record = Mapping[str, Any]

_KINDS: Mapping[str, Callable[[Hand, Sequence[Record]], None]] = {
    "begin": apply_begin,
    "look": apply_looks,
    "end": apply_end,
    "sight": apply_sightings,
    "incident": apply_word,
    "move": apply_moves,
    "note": apply_notes,
    "mute": apply_mutes,
    "unmute": apply_unmutes,
    "lease": apply_leases,
    "release": apply_released,
    "break": apply_broken,
    "freeze": apply_frozen,
    "unfreeze": apply_unfrozen,
    "enqueue": apply_enqueued,
    "take": apply_taken,
    "settle": apply_settled,
    "tell": apply_told,
    "put": apply_kept,
    "prune": apply_prune,
    "forget": apply_forget,
}


def apply(hand: Hand, records: Sequence[Record]) -> None:
    """Apply records in their order; NewerStoreError for a kind that this aifctl does not know."""
    for kind, those in groupby(records, key=lambda record: record["kind"]):
        if kind not in _KINDS:
            raise NewerStoreError(
                f"the store's log holds a record of kind {kind!r}, which a newer aifctl has written; update this one"
            )
        _KINDS[kind](hand, list(those))
