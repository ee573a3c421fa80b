"""Asking a reading for a field of a GPU, and what a finding about one says of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aifctl.diagnosis.absent import NEUTRAL, Absent, CannotTellError, NeutralError
from aifctl.diagnosis.check import Case
from aifctl.diagnosis.gpu import Gpu, GpuSection
from aifctl.diagnosis.gpu_findings import RESET, ask, ask_if_any, every_gpu, gpu_finding, measure_of
from aifctl.diagnosis.memory import Memory
from tests.diagnosis.readings import some_reading

GPU = Gpu(pci_address="0000:1b:00.0", serial="165", power_w=0.0, remap_pending=False)


def case(source: str = "nvml") -> Case:
    reading = replace(some_reading(), gpu=GpuSection(source=source, gpus=(GPU, replace(GPU, lost=True))))
    return Case(reading=reading, profile=None, memory=Memory())


def sent(source: str) -> Case:
    """A file that somebody sent: it is of no node."""
    served = case(source)
    return replace(served, reading=replace(served.reading, node=""))


def test_what_is_told_is_returned_be_it_nothing() -> None:
    assert ask(GPU, "power_w", case()) == 0.0
    assert ask_if_any(GPU, "remap_pending", case()) is False


@pytest.mark.parametrize("why", sorted(NEUTRAL))
def test_what_there_is_not_is_neutral(why: Absent) -> None:
    gpu = replace(GPU, power_w=why)
    assert ask_if_any(gpu, "power_w", case()) is None
    with pytest.raises(NeutralError):
        ask(gpu, "power_w", case())


@pytest.mark.parametrize("why", sorted(set(Absent) - NEUTRAL))
def test_what_should_have_been_told_can_not_be_told_and_is_named(why: Absent) -> None:
    gpu = replace(GPU, power_w=why)
    for asked in (ask, ask_if_any):
        with pytest.raises(CannotTellError, match="power w"):
            asked(gpu, "power_w", case())
    with pytest.raises(CannotTellError, match="its draw"):
        ask(gpu, "power_w", case(), "its draw")


def test_what_a_tool_has_no_word_for_is_neutral_with_that_tool_alone() -> None:
    gpu = replace(GPU, inforom_valid=Absent.MISSING)
    assert ask_if_any(gpu, "inforom_valid", sent("nvidia-smi-xml")) is None
    with pytest.raises(CannotTellError):
        ask_if_any(gpu, "inforom_valid", case("nvml"))
    with pytest.raises(CannotTellError):
        ask_if_any(replace(gpu, inforom_valid=Absent.ERROR), "inforom_valid", case("nvidia-smi-xml"))


def test_every_gpu_is_lost_ones_too() -> None:
    assert [gpu.lost for _, gpu in every_gpu(case().reading)] == [False, True]
    with pytest.raises(CannotTellError):
        list(every_gpu(replace(case().reading, gpu=None)))


def test_a_finding_says_which_gpu_and_goes_by_its_serial() -> None:
    found = gpu_finding("x", GPU, "code", RESET, "is ill", lasting_s=60.0)
    assert (found.subject, found.identity, found.message) == (
        "gpu:0000:1b:00.0", "165", "the GPU at 0000:1b:00.0 is ill",
    )  # fmt: skip
    nameless = gpu_finding("x", Gpu(index=3), "code", RESET, "is ill")
    assert (nameless.subject, nameless.identity, nameless.message) == ("gpu:#3", "", "the GPU at index 3 is ill")


def test_on_a_node_in_service_a_probe_that_made_do_with_that_tool_could_not_look() -> None:
    gpu = replace(GPU, inforom_valid=Absent.MISSING)
    with pytest.raises(CannotTellError):
        ask_if_any(gpu, "inforom_valid", case("nvidia-smi-xml"))
    with pytest.raises(CannotTellError):
        ask(gpu, "inforom_valid", case("nvidia-smi-xml"))
    with pytest.raises(NeutralError):
        ask(gpu, "inforom_valid", sent("nvidia-smi-xml"))


def test_what_peers_are_compared_by_is_the_sum_of_what_was_told_and_nothing_where_nothing_was() -> None:
    silent = replace(GPU, pci_address="0000:43:00.0", power_w=Absent.LOST, temperature_c=Absent.LOST)
    reading = replace(some_reading(), gpu=GpuSection(source="nvml", gpus=(replace(GPU, temperature_c=40), silent)))
    assert measure_of("power_w", "temperature_c")(reading) == {"gpu:0000:1b:00.0": 40.0}
    assert measure_of("power_w")(reading) == {"gpu:0000:1b:00.0": 0.0}
    assert measure_of("power_w")(replace(reading, gpu=None)) == {}
