"""What nvidia-smi calls the errors and the repairs of a GPU's memory; see `smi_fields` for how names are written."""

from __future__ import annotations

from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.smi_format import Field

_COUNT = values.count()


def _ecc(name: str, kind: str, span: str) -> Field:
    """Return a field of an error counter; `kind` is sram or dram, corrected or uncorrected.

    The layouts: since 535.161 and 550 SRAM's uncorrected errors come in two parts; before (Turing, Ampere) in one; up to
    Volta single_bit and double_bit stand for both memories, by place.
    """
    memory, severity = kind.split()
    word = "correctable" if severity == "corrected" else "uncorrectable"
    bits = "single_bit" if severity == "corrected" else "double_bit"
    old = f"ecc_errors/{span}/{bits}/"
    places = ("register_file", "l1_cache", "l2_cache", "texture_memory", "texture_shm", "cbu")
    by_place = " ?".join(old + place for place in places) if memory == "sram" else f"{old}device_memory"
    xml, column = f"ecc_errors/{span}/{memory}_{word}", f"ecc.errors.{severity}.{span}.{memory}"
    csv = column if memory == "sram" else f"{column}|ecc.errors.{severity}.{span}.device_memory"
    if kind == "sram uncorrected":
        xml = f"{xml}_parity + {xml}_secded|{xml}"
        csv = f"{column}|{column}.parity + {column}.secded"
    text = f"{xml}|{by_place}".replace("_secded", "_sec-ded").replace("_", " ")
    return Field(name, _COUNT, f"{xml}|{by_place}", text, csv)


_REMAPPED, _REMAPPED_TEXT = "remapped_rows/", "remapped rows/"
_RETIRED = "retired_pages/"

MEMORY_FIELDS: tuple[Field, ...] = (
    *(
        _ecc(f"{memory}_{severity}_{span}_count", f"{memory} {severity}", span)
        for span in ("volatile", "aggregate")
        for memory in ("sram", "dram")
        for severity in ("corrected", "uncorrected")
    ),
    Field(
        "sram_threshold_exceeded",
        values.flag,
        "ecc_errors/aggregate/sram_threshold_exceeded",
        "ecc errors/aggregate/sram threshold exceeded",
        "ecc.errors.uncorrected.aggregate.sram.thresholdexceeded",
    ),
    Field(
        "remap_corrected_count",
        _COUNT,
        f"{_REMAPPED}remapped_row_corr",
        f"{_REMAPPED_TEXT}correctable error",
        "remapped_rows.correctable",
    ),
    Field(
        "remap_uncorrected_count",
        _COUNT,
        f"{_REMAPPED}remapped_row_unc",
        f"{_REMAPPED_TEXT}uncorrectable error",
        "remapped_rows.uncorrectable",
    ),
    Field(
        "remap_pending",
        values.flag,
        f"{_REMAPPED}remapped_row_pending",
        f"{_REMAPPED_TEXT}pending",
        "remapped_rows.pending",
    ),
    Field(
        "remap_failure",
        values.flag,
        f"{_REMAPPED}remapped_row_failure",
        f"{_REMAPPED_TEXT}remapping failure occurred",
        "remapped_rows.failure",
    ),
    Field(
        "retired_single_bit_count",
        _COUNT,
        f"{_RETIRED}multiple_single_bit_retirement/retired_count",
        "retired pages/single bit ecc",
        "retired_pages.single_bit_ecc.count",
    ),
    Field(
        "retired_double_bit_count",
        _COUNT,
        f"{_RETIRED}double_bit_retirement/retired_count",
        "retired pages/double bit ecc",
        "retired_pages.double_bit.count",
    ),
    Field(
        "retired_pending",
        values.flag,
        f"{_RETIRED}pending_retirement|{_RETIRED}pending_blacklist",
        "retired pages/pending page blacklist",
        "retired_pages.pending",
    ),
    Field(
        "channel_repair_pending", values.flag, "ecc_errors/channel_repair_pending", "ecc errors/channel repair pending"
    ),
    Field("tpc_repair_pending", values.flag, "ecc_errors/tpc_repair_pending", "ecc errors/tpc repair pending"),
    Field("unrepairable_memory", values.flag, "ecc_errors/unrepairable_memory", "ecc errors/unrepairable memory"),
)
