"""When a check last looked at a node and found nothing."""

from __future__ import annotations

from collections.abc import Iterable

from aifctl.diagnosis.judging import SECTION_CHECK
from aifctl.ports.store import Reader
from aifctl.ports.store_rows import FindingRow, ReadingRow


def last_clean_at_s(node: str, check: str, section: str, reader: Reader) -> float | None:
    """Return the newest kept look at which no finding of this check stood, nor that its section could not be read.

    None where there is none, as far back as looks are kept.
    """
    found = reader.findings([node], standing=False)
    blind = (SECTION_CHECK, section)
    return _newest(
        reader.readings(node), [row for row in found if row.check == check or (row.check, row.code) == blind]
    )


def _newest(looks: Iterable[ReadingRow], dirty: Iterable[FindingRow]) -> float | None:
    spans = [(row.first_at_s, row.last_at_s) for row in dirty]
    clean = (
        look.at_s
        for look in looks
        if not any(first <= look.at_s and (last is None or look.at_s < last) for first, last in spans)
    )
    return max(clean, default=None)
