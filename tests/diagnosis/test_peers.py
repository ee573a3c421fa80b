"""Where a number lies among those of its peers."""

from __future__ import annotations

from aifctl.diagnosis.peers import Spread, is_far_above, sample_of, spread_of


def test_half_do_not_exceed_p50_and_99_of_100_do_not_exceed_p99() -> None:
    assert spread_of(float(value) for value in range(1, 101)) == Spread(count=100, p50=50.0, p99=99.0, deviation=25.0)
    assert spread_of([3.0, 1.0, 2.0]) == Spread(count=3, p50=2.0, p99=3.0, deviation=1.0)
    assert spread_of([7.0]) == Spread(count=1, p50=7.0, p99=7.0)


def test_nobody_has_no_spread() -> None:
    assert spread_of([]) is None


def test_a_sample_is_spread_evenly_and_always_the_same() -> None:
    names = [f"n{number}" for number in range(100)]
    assert sample_of(names, 4) == ["n0", "n25", "n50", "n75"]
    assert len(set(sample_of(names, 48))) == 48
    assert sample_of(names[:4], 4) == names[:4]
    assert list(sample_of([], 4)) == []


def test_a_value_far_above_its_peers_is_told_by_their_own_deviation() -> None:
    peers = Spread(count=400, p50=50.0, p99=99.0, deviation=25.0)
    assert not is_far_above(300.0, peers, deviations=10, least=0)
    assert is_far_above(300.1, peers, deviations=10, least=0)
    assert not is_far_above(300.1, peers, deviations=10, least=1000)
    assert not is_far_above(0.0, peers, deviations=10, least=0)


def test_among_peers_that_are_all_alike_the_least_distance_holds() -> None:
    alike = Spread(count=400, p50=0.0, p99=0.0)
    assert not is_far_above(1000.0, alike, deviations=10, least=1000)
    assert is_far_above(1001.0, alike, deviations=10, least=1000)


def test_a_few_are_no_population() -> None:
    assert not is_far_above(1e9, Spread(count=29, p50=0.0, p99=0.0), deviations=10, least=0)
    assert is_far_above(1e9, Spread(count=30, p50=0.0, p99=0.0), deviations=10, least=0)
