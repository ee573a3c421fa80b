"""An earlier run's own words, for the verbs that go on with it."""

from __future__ import annotations

from aifctl.dispatch.again import pace_again
from aifctl.dispatch.asked import Pace


def test_a_pace_is_what_the_runs_head_says_of_it() -> None:
    facts = {"wave": "5%", "deadline_s": 60.0, "stragglers": [0.995, 30.0], "retries": 2, "min_coverage": 0.98}
    pace = pace_again(facts)
    assert pace == Pace(wave="5%", deadline_s=60.0, stragglers=(0.995, 30.0), retries=2, min_coverage=0.98)
    assert pace_again({}) == Pace()
