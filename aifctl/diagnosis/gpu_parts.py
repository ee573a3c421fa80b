"""The GPUs of a reading as parts with firmware."""

from __future__ import annotations

from collections.abc import Iterator

from aifctl.diagnosis.absent import Absent
from aifctl.diagnosis.component import Part
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.subjects import gpu_subject


def gpu_parts(reading: Reading, field: str) -> Iterator[Part]:
    """Yield each GPU with what runs of the component that stands in `field`; its kind is its board's part number."""
    for gpu in reading.gpu.gpus if reading.gpu else ():
        yield Part(
            subject=gpu_subject(gpu),
            kind=_text(gpu.board_part_number),
            running=getattr(gpu, field),
            identity=_text(gpu.serial),
        )


def _text(value: str | Absent) -> str:
    return "" if isinstance(value, Absent) else value
