from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from aifctl.core.printable import printable_line
from aifctl.diagnosis import smi_values as values
from aifctl.diagnosis.absent import Absent

WORDS = {
    "[N/A]": Absent.NOT_AVAILABLE,
    "N/A": Absent.NOT_AVAILABLE,
    "[Not Supported]": Absent.NOT_SUPPORTED,
    "[Requested functionality has been deprecated]": Absent.DEPRECATED,
    "[GPU requires reset]": Absent.REQUIRES_RESET,
    "GPU is lost": Absent.LOST,
    "[GPU is lost]": Absent.LOST,
    "Unknown Error": Absent.ERROR,
    "ERR!": Absent.ERROR,
    "[Insufficient Permissions]": Absent.DENIED,
    "": Absent.MISSING,
}
READERS = (
    values.text,
    values.slug,
    values.flag,
    values.integer(),
    values.count("MHz"),
    values.decimal("W"),
    values.device_id,
    values.mask,
    values.performance_state,
    values.generation,
    values.recovery_action,
)


@pytest.mark.parametrize(("word", "reason"), WORDS.items())
def test_a_word_in_a_values_place_is_its_reason_to_every_reader(word: str, reason: Absent) -> None:
    assert {read(word) for read in READERS} == {reason}
    assert {read(f" {word.upper()} ") for read in READERS} == {reason}


@pytest.mark.parametrize(
    ("read", "word", "value"),
    [
        (values.flag, "Enabled", True),
        (values.flag, "Disabled", False),
        (values.flag, "Yes", True),
        (values.flag, "No", False),
        (values.flag, "Active", True),
        (values.flag, "Not Active", False),
        (values.integer("C"), "-8 C", -8),
        (values.integer("MiB", factor=1 << 20), "81559 MiB", 81559 << 20),
        (values.count("us"), "7015662857 us", 7015662857),
        (values.count("MHz"), "1980", 1980),
        (values.count("x"), "16x", 16),
        (values.count("%"), "100 %", 100),
        (values.count("bank(s)"), "2560 bank(s)", 2560),
        (values.decimal("W"), "68.57 W", 68.57),
        (values.decimal("W"), "700", 700.0),
        (values.generation, "5", 5),
        (values.generation, "Gen 4", 4),
        (values.mask, "0x00000000000000A8", 0xA8),
        (values.device_id, "0x233010DE", "10de:2330"),
        (values.device_id, "233010DE", "10de:2330"),
        (values.address, "00000000:1B:00.0", "0000:1b:00.0"),
        (values.address, "0000:0A:00.0", "0000:0a:00.0"),
        (values.address, "00010000:1B:00.0", "10000:1b:00.0"),
        (values.address, "somewhere", ""),
        (values.performance_state, "P15", "P15"),
        (values.recovery_action, "None", "none"),
        (values.recovery_action, "Reset", "gpu-reset"),
        (values.recovery_action, "Reboot", "node-reboot"),
        (values.recovery_action, "Drain P2P", "drain-p2p"),
        (values.recovery_action, "Drain and Reset", "drain-and-reset"),
        (values.recovery_action, "Bus Reset", "bus-reset"),
        (values.fabric_state, "In Progress", "in-progress"),
        (values.fabric_state, "Not Supported", "not-supported"),
        (values.fabric_state, "[Not Supported]", Absent.NOT_SUPPORTED),
        (values.fabric_status, "Insufficient Resources", "insufficient-resources"),
        (values.fabric_status, "Unknown Error", "unknown"),
        (values.fabric_status, "GPU is lost", Absent.LOST),
    ],
)
def test_a_word_is_its_value(read: values.Reader, word: str, value: object) -> None:
    assert read(word) == value


@pytest.mark.parametrize(
    ("read", "word"),
    [
        (values.flag, "Perhaps"),
        (values.count("MHz"), "-3 MHz"),
        (values.count("MHz"), "1980 GHz"),
        (values.count(), "٣"),
        (values.integer("MiB"), "1e9 MiB"),
        (values.decimal("W"), "nan W"),
        (values.decimal("W"), "inf"),
        (values.performance_state, "P16"),
        (values.generation, "0"),
        (values.device_id, "0x2330"),
        (values.mask, "A8"),
    ],
)
def test_what_is_no_value_is_an_error_and_never_a_guess(read: values.Reader, word: str) -> None:
    assert read(word) is Absent.ERROR


@given(st.text(max_size=300))
def test_no_word_makes_a_reader_raise_and_texts_are_printable(word: str) -> None:
    for read in (*READERS, values.address, values.fabric_state, values.fabric_status, values.whether("true")):
        value = read(word)
        assert not isinstance(value, str) or value == printable_line(value)
