"""A listing that was cut anywhere is never healthier than the whole: unreadable, unknown, or as sick as it was."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings, strategies as st

from aifctl.diagnosis.finding import Result
from aifctl.diagnosis.ibstat import parse_ibstat
from aifctl.diagnosis.lspci import parse_lspci
from aifctl.diagnosis.reading import Reading
from aifctl.diagnosis.unreadable import UnreadableError
from tests.diagnosis.fabric_texts import DOWN, ETHERNET, GEN5, adapter, node_lspci
from tests.fuzzing import examples
from tests.health.fabric_cases import judged, profile, reading

_NARROW = (GEN5[0], "Speed 32GT/s (ok), Width x8 (downgraded)")


def _by_ibstat(text: str) -> Reading:
    return reading(ports=parse_ibstat(text))


def _by_lspci(text: str) -> Reading:
    return reading(pci=parse_lspci(text))


def _result(look: Callable[[str], Reading], text: str) -> Result | None:
    try:
        return judged(look(text), by=profile(port__count=4, gpu__count=1)).result
    except UnreadableError:
        return None


_IBSTATS = [
    "".join(adapter(f"mlx5_{at}", sick if at == where else {}) for at in range(4))
    for where, sick in ((0, DOWN), (1, ETHERNET), (2, {"Rate": "200"}), (3, {"SM lid": "0"}))
]
_LSPCIS = [
    node_lspci(gpu_link=_NARROW),
    node_lspci(gpu_head="19:00.0 3D controller: NVIDIA Corporation Device 2330 (rev ff)"),
    node_lspci(gpu_head="19:00.0 VGA compatible controller: Intel Corporation Device 0001 (rev a1)"),
]


def test_the_whole_of_each_is_sick() -> None:
    assert {_result(_by_ibstat, text) for text in _IBSTATS} == {Result.FAULT, Result.DEGRADED}
    assert {_result(_by_lspci, text) for text in _LSPCIS} == {Result.FAULT}
    healthy = "".join(adapter(f"mlx5_{at}") for at in range(4))
    assert (_result(_by_ibstat, healthy), _result(_by_lspci, node_lspci())) == (Result.OK, Result.OK)


@settings(max_examples=examples(200), deadline=None)
@given(text=st.sampled_from(_IBSTATS), share=st.floats(0, 1, exclude_max=True))
def test_an_ibstat_that_is_cut_is_never_healthy(text: str, share: float) -> None:
    assert _result(_by_ibstat, text[: int(share * len(text))]) is not Result.OK


@settings(max_examples=examples(200), deadline=None)
@given(text=st.sampled_from(_LSPCIS), share=st.floats(0, 1, exclude_max=True))
def test_an_lspci_that_is_cut_is_never_healthy(text: str, share: float) -> None:
    assert _result(_by_lspci, text[: int(share * len(text))]) is not Result.OK


@settings(max_examples=examples(100), deadline=None)
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_healthy_listing_that_is_cut_is_not_called_healthy(share: float) -> None:
    healthy = "".join(adapter(f"mlx5_{at}") for at in range(4))
    cut = healthy[: int(share * len(healthy))]
    # The last word of the last line may lack its line's end: nothing is missing then.
    assert _result(_by_ibstat, cut) is not Result.OK or cut == healthy.rstrip("\n")
