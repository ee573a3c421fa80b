"""What the nodes of a SKU measured when they were last looked at: what a sweep compares its own numbers with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from aifctl.core.errors import BackendError, SetupError
from aifctl.core.printable import printable_line
from aifctl.diagnosis.absent import CannotTellError, NeutralError
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.packing import unpack
from aifctl.diagnosis.peers import Spread, sample_of, spread_of
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.unreadable import UnreadableError
from aifctl.ports.store_rows import NodeRow

#: Reading one back takes 3 ms, once a sweep and SKU; the middle of 64 nodes' 512 GPUs is known well.
_SAMPLE_COUNT = 64
_MOST_SAID = 200


class PeersBefore:
    """Reads a sample of each SKU's newest looks when its first node is judged.

    Args:
        rows: node → its newest look, with bodies, as it was when the sweep began.
        sku_of: node → SKU.
        facts: digest → facts, as the store has them.
        tell: takes sentences for the operator.
    """

    def __init__(
        self,
        checks: Iterable[Check],
        rows: Mapping[str, NodeRow],
        sku_of: Callable[[str], str | None],
        facts: Callable[[str], bytes | None],
        tell: Callable[[str], None],
    ) -> None:
        self._measuring = [check for check in checks if check.measure is not None]
        self._rows, self._sku_of, self._facts, self._tell = rows, sku_of, facts, tell
        self._spreads: dict[str | None, Mapping[str, Spread]] = {}

    def of(self, sku: str | None) -> Mapping[str, Spread]:
        """Return check → spread; nothing for nodes whose SKU nobody knows, which are of no kind."""
        if not sku or not self._measuring:
            return {}
        if sku not in self._spreads:
            readings = self._sample(sku)
            spreads = {check.name: self._spread(check, readings) for check in self._measuring}
            self._spreads[sku] = {name: spread for name, spread in spreads.items() if spread is not None}
        return self._spreads[sku]

    def _sample(self, sku: str) -> Sequence[Reading]:
        """Return the sample; none where the store has gone away since the sweep began, which makes no node unjudged."""
        try:
            return list(self._readings(sku))
        except (BackendError, SetupError) as problem:
            self._tell(f"nodes of SKU {printable_line(sku)} are compared with no peers: {problem}")
            return []

    def _readings(self, sku: str) -> Iterator[Reading]:
        answered = [node for node, row in self._rows.items() if row.outcome == "ok" and self._sku_of(node) == sku]
        for node in sample_of(answered, _SAMPLE_COUNT):
            row = self._rows[node]
            facts = self._facts(row.facts_digest) if row.facts_digest and row.moving else None
            if facts and row.moving:
                try:
                    yield unpack(facts, row.moving, node=node)
                except UnreadableError:
                    continue  # the others are a sample as well; that node's own look says what is wrong with it

    def _spread(self, check: Check, readings: Sequence[Reading]) -> Spread | None:
        try:
            return spread_of(_values(check, readings))
        except Exception as problem:  # noqa: BLE001 - a site's own check; the sweep goes on, and it is said
            said = printable_line(str(problem))[:_MOST_SAID]
            self._tell(
                f"the check {check.name} compares with no peers: its measure failed ({type(problem).__name__}: {said})"
            )
            return None


def _values(check: Check, readings: Sequence[Reading]) -> Iterator[float]:
    for reading in readings:
        try:
            measured = check.measure(reading) if check.measure else {}
        except (NeutralError, CannotTellError):
            continue
        yield from measured.values()
