from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, strategies as st

from aifctl.core.outcome import Outcome
from aifctl.output.folding import fold_items
from aifctl.ports.work import Output
from tests.output.reports import result, stream

_RESULTS = st.tuples(
    st.sampled_from(list(Outcome)), st.sampled_from([None, 1, 2]), st.sampled_from([b"", b"a", b"b"]), st.booleans()
)


@given(st.lists(_RESULTS, max_size=60))
def test_groups_hold_every_node_once_and_only_equal_results(results: list[Any]) -> None:
    items = [
        result(f"n{number}", outcome, rc=rc, out=out, err=b"e" if has_err else b"")
        for number, (outcome, rc, out, has_err) in enumerate(results)
    ]

    groups = fold_items(items)

    assert Counter(name for group in groups for name in group.names) == Counter(item["node"] for item in items)
    of_node = {item["node"]: values for item, values in zip(items, results, strict=True)}
    told = [{of_node[name] for name in group.names} for group in groups]
    assert all(len(same) == 1 for same in told)
    assert len(set().union(*told)) == len(told)


def test_outliers_stand_first_failures_then_skips_then_ok_few_before_many() -> None:
    items = [
        *(result(f"a{number}", out=b"usual") for number in range(5)),
        result("b1", out=b"unusual"),
        result("c1", "skipped"),
        *(result(f"d{number}", "connect-timeout") for number in range(3)),
        result("e1", "exit", rc=1),
    ]

    assert [group.names[0] for group in fold_items(items)] == ["e1", "d0", "c1", "b1", "a0"]


def test_the_same_beginning_of_different_lengths_is_not_the_same_output() -> None:
    whole = stream(b"same")
    cut = Output(inline=b"same", bytes_count=9, truncated=True, sha256="f" * 64)

    assert len(fold_items([result("n1", stdout=whole), result("n2", stdout=cut)])) == 2


def test_stderr_alone_splits_a_group() -> None:
    assert len(fold_items([result("n1", err=b"warning"), result("n2")])) == 2


def test_messages_that_name_addresses_do_not_split_a_group() -> None:
    items = [result(f"n{number}", "refused", message=f"10.0.0.{number}: refused") for number in range(40)]

    assert len(fold_items(items)) == 1


def test_folding_reads_no_output() -> None:
    # The digests decide: a run of 6,250 nodes folds without opening a file that holds their output.
    nowhere = Output(inline=None, path="/nonexistent/output", bytes_count=1 << 30, sha256="a" * 64)
    items = [{**result(f"n{number}"), "stdout": nowhere} for number in range(6250)]

    (group,) = fold_items(items)

    assert len(group.names) == 6250


def test_a_group_is_called_by_outcome_and_code_or_signal() -> None:
    items = [
        result("n1", "exit", rc=127),
        result("n2", "signalled", signal="KILL"),
        result("n3", "lost"),
        result("n4"),
    ]

    assert {group.names[0]: group.status for group in fold_items(items)} == {
        "n1": "exit 127",
        "n2": "signalled KILL",
        "n3": "lost",
        "n4": "ok",
    }
