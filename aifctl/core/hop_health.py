"""How jump hosts have fared lately, remembered between runs; a bad memory fades."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

#: A failure weighs half as much after this long, and is forgotten when it weighs next to nothing.
_HALF_LIFE_S = 600.0
_FORGOTTEN_BELOW = 0.05
#: Within one process a jump host that has just failed is not tried again for this long unless all have failed.
REST_S = 15.0


class HopHealth:
    """Penalties by chain of hops. Reading and writing never fail a run: health is a hint."""

    def __init__(self, file: str | None, *, now: Callable[[], float] | None = None) -> None:
        self._file = Path(file) if file else None
        self._now = now or (lambda: time.clock_gettime(time.CLOCK_REALTIME))
        self._failures: dict[str, tuple[float, float]] = self._read()

    def order(self, chains: Sequence[str]) -> list[str]:
        """Return the alternatives, healthiest first; equally healthy ones stay in the order given."""
        return sorted(chains, key=lambda chain: round(max(map(self._weight, _parts(chain)), default=0.0), 2))

    def failed(self, chain: str) -> None:
        self._failures[chain] = (self._weight(chain) + 1.0, self._now())
        self._write()

    def worked(self, chain: str) -> None:
        forgiven = [part for part in _parts(chain) if self._failures.pop(part, None)]
        if forgiven:
            self._write()

    def resting(self, chain: str) -> bool:
        """Whether it failed so recently that it is not worth another attempt yet."""
        failed_at = [self._failures[part][1] for part in _parts(chain) if part in self._failures]
        return any(0 <= self._now() - at < REST_S for at in failed_at)

    def _weight(self, chain: str) -> float:
        count, at = self._failures.get(chain, (0.0, 0.0))
        age_s = max(0.0, self._now() - at)
        return float(count * 0.5 ** (age_s / _HALF_LIFE_S)) if count else 0.0

    def _read(self) -> dict[str, tuple[float, float]]:
        if self._file is None:
            return {}
        try:
            hops = json.loads(self._file.read_text(encoding="utf-8"))["hops"]
            return {str(chain): (float(one["weight"]), float(one["at"])) for chain, one in hops.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _write(self) -> None:
        if self._file is None:
            return
        hops = {
            chain: {"weight": weight, "at": at}
            for chain, (weight, at) in self._failures.items()
            if self._weight(chain) >= _FORGOTTEN_BELOW
        }
        try:
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=".hops-")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"version": 1, "hops": hops}, file)
            Path(name).replace(self._file)
        except OSError:
            # A full or read-only state directory is somebody else's finding; dialling goes on without memory.
            return


def _parts(chain: str) -> list[str]:
    """Return what a chain is written down as up to each of its hops: where the first one fails, all of it does."""
    hops = [hop.strip() for hop in chain.split(",") if hop.strip()]
    return [",".join(hops[:count]) for count in range(1, len(hops) + 1)]
