"""What narrows a run is said, in numbers."""

from __future__ import annotations

import pytest

from aifctl.core.errors import SetupError
from aifctl.dispatch.pacing import width_note


@pytest.mark.parametrize(
    ("nodes_count", "workers_count", "descriptors", "lowered_to"),
    [
        (300, 1, 576, None),
        (300, 1, 164, 50),
        (300, 2, 164, 100),
        (300, 2, 320, None),  # each process has a limit of its own, and half of the width
        (50, 1, 164, None),  # as many nodes as fit are not narrowed
    ],
)
def test_a_width_that_open_files_lower_is_said_where_a_run_would_fill_it(
    nodes_count: int, workers_count: int, descriptors: int, lowered_to: int | None
) -> None:
    note = width_note(256, nodes_count=nodes_count, workers_count=workers_count, descriptors=descriptors)
    assert (f"from 256 to {lowered_to};" in note) is (lowered_to is not None)
    assert (note == "") is (lowered_to is None)


def test_too_few_open_files_for_one_node_are_an_error_before_anything_begins() -> None:
    with pytest.raises(SetupError, match="ulimit -n"):
        width_note(256, nodes_count=1, workers_count=1, descriptors=60)
