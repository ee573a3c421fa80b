from __future__ import annotations

import subprocess
import sys

import pytest
from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet
from hypothesis import given, strategies as st

from aifctl.core.errors import (
    BackendError,
    EmptySelectionError,
    UnknownGroupError,
    UnknownNodeError,
    UsageError,
)
from aifctl.core.outcome import Outcome
from aifctl.fleet.columns import columns_of
from aifctl.fleet.fleet import Fleet
from aifctl.fleet.nodeset import fold
from aifctl.fleet.selector import Selection, Terms, parse_selector, resolve
from tests.fleet.call_count import calls_of
from tests.fleet.fleets import fleet_of, grid

GRID = grid()
RUN = {
    "r01n01": Outcome.OK,
    "r01n02": Outcome.EXIT,
    "r01n03": Outcome.LOST,
    "r01n04": Outcome.REFUSED,
    "r01n05": Outcome.SKIPPED,
    "r01n06": None,
}
TERMS = Terms(
    run=lambda run: RUN if run == "last" else {},
    job=lambda job: ["r02n01", "r02n02"] if job == "7" else [],
    slurm=lambda key, value: {"part:gpu": ["r03n01"], "job:9": ["r03n02", "gone1"]}.get(f"{key}:{value}", []),
    read_file=lambda path: f"# {path}\nr04n[01-02]\n",
    read_stdin=lambda: "r04n07,r04n08\n",
)


def select(text: str, *, terms: Terms = TERMS, fleet: Fleet = GRID, allow_empty: bool = False) -> Selection:
    return resolve(parse_selector(text), fleet, terms, allow_empty=allow_empty)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("r01n01", "r01n01"),
        ("r[02-03]n[01-07/3]", "r[02-03]n[01,04,07]"),
        ("r01n01,r02n01", "r[01-02]n01"),
        ("@all", "r[01-04]n[01-08]"),
        ("@*", "r[01-04]n[01-08]"),
        ("@all ! @rack:r01", "r[02-04]n[01-08]"),
        ("@all not @rack:r01 not @rack:r[02-03]", "r04n[01-08]"),
        ("@rack:r[01-02] & r*n01", "r[01-02]n01"),
        ("@rack:r01 ^ r01n[01-04]", "r01n[05-08]"),
        ("@rack:r01 xor r01n[01-04]", "r01n[05-08]"),
        ("r01n01,@rack:r02 & r02n01", "r02n01"),
        ("r01n01,(@rack:r02 & r02n01)", "r[01-02]n01"),
        ("@all ! (@su:1, @rack:r03)", "r04n[01-08]"),
        ("@su:2", "r[03-04]n[01-08]"),
        ("@su:[1-2] & @rack:r0?", "r[01-04]n[01-08]"),
        ("@hall:2 & @site:north & @sku:h100-pcie", "r01n[01-08]"),
        ("@leaf:l3-r1", "r03n[01-08]"),
        ("@leaf:l[3-4]-r1", "r[03-04]n[01-08]"),
        ("@feed:A3", "r[01,03]n[01-08]"),
        ("@canary", "r[01-04]n01"),
        ("@group:can*", "r[01-04]n01"),
        ("@state:drained", "r01n01"),
        ("@state:drain*", "r01n01"),
        ("@state:off", "r01n02"),
        ("@attr:sku=h100-p*", "r01n[01-08]"),
        ("@attr:sku=h100-[1-2],r01n01", "r01n01"),
        ("@attr:feed=B4", "r[02,04]n[01-08]"),
        ("@attr:owner=team?a", "r02n[01-08]"),
        ("@run:last", "r01n[01-06]"),
        ("@run:last:failed", "r01n[02-04]"),
        ("@run:last:lost", "r01n03"),
        ("@run:last:exit", "r01n02"),
        ("@run:last:unreachable", "r01n04"),
        ("@run:last:not-started", "r01n06"),
        ("@run:last:ok", "r01n01"),
        ("@job:7", "r02n[01-02]"),
        ("@slurm:part:gpu", "r03n01"),
        ("@slurm:job:9 & @all", "r03n02"),
        ("@file:spares.txt", "r04n[01-02]"),
        ("@stdin", "r04n[07-08]"),
        ("-,-", "r04n[07-08]"),
        ("r*n0[1-2]", "r[01-04]n[01-02]"),
        ("r0?n08", "r[01-04]n08"),
        ("*", "r[01-04]n[01-08]"),
    ],
)
def test_a_selector_selects(text: str, selected: str) -> None:
    assert fold(select(text).names) == selected


@given(
    st.lists(
        st.tuples(st.sampled_from(",!&^"), st.sampled_from(["n[1-4]", "n[3-9/2]", "n5", "m[1-2]n[1-2]", "m1n[2-3]"])),
        min_size=1,
        max_size=6,
    )
)
def test_operators_give_what_clustershell_gives(steps: list[tuple[str, str]]) -> None:
    text = "".join(operator + operand for operator, operand in steps)[1:]
    fleet = fleet_of([*(f"n{number}" for number in range(1, 10)), *(f"m{m}n{n}" for m in (1, 2) for n in (1, 2, 3))])
    theirs = set(NodeSet(text, resolver=RESOLVER_NOGROUP))
    try:
        assert set(select(text, fleet=fleet).names) == theirs
    except EmptySelectionError:
        assert not theirs


def test_names_come_in_nodeset_order() -> None:
    assert select("r02n02,r01n02,r02n01,r01n01").names == ("r01n01", "r01n02", "r02n01", "r02n02")


def test_selecting_all_copies_no_name() -> None:
    assert select("@all").names is GRID.names
    assert select("@su:[1-2]").names is GRID.names


def test_groups_that_are_selectors_are_resolved_in_turn() -> None:
    fleet = _with_selectors({"quiet": "@rack:r01 ! @state:drained", "both": "@quiet, @canary"})
    assert fold(select("@both", fleet=fleet).names) == "r01n[01-08],r[02-04]n01"
    assert fold(select("@quiet", fleet=fleet).names) == "r01n[02-08]"
    assert select("@quiet & r01n01", fleet=fleet, allow_empty=True).names == ()


def test_a_group_that_contains_itself_is_an_error() -> None:
    fleet = _with_selectors({"a": "@b", "b": "r01n01,@a"})
    with pytest.raises(UsageError, match="contains itself"):
        select("@a", fleet=fleet)


def test_a_mistake_inside_a_group_names_the_group() -> None:
    fleet = _with_selectors({"a": "r01n99"})
    with pytest.raises(UsageError, match=r"the group @a can't be resolved: node r01n99 is not in"):
        select("@a", fleet=fleet)


def test_all_unknown_names_are_listed_folded_with_their_nearest_and_the_column() -> None:
    with pytest.raises(UnknownNodeError) as caught:
        select("@all ! r01n[07-09], r1n1")
    assert caught.value.unknown == ("r1n1", "r01n09")
    assert caught.value.nearest == ("r01n01", "r01n08")
    assert str(caught.value) == (
        "2 nodes, r1n1,r01n09, are not in the inventory grid.yaml (nearest: r1n1 → r01n01, r01n09 → r01n08), "
        "at column 8 of '@all ! r01n[07-09], r1n1'"
    )


def test_one_unknown_name_is_asked_back() -> None:
    with pytest.raises(
        UnknownNodeError, match=r"node r1n1 is not in the inventory grid\.yaml \(did you mean r01n01\?\)"
    ):
        select("r1n1")


def test_thousands_of_unknown_names_make_one_bounded_sentence_in_bounded_work() -> None:
    sentences = []

    def refused() -> None:
        with pytest.raises(UnknownNodeError) as caught:
            select("x[1-97]y[1-53]z,r[05-99]n[01-50]")
        sentences.append(str(caught.value))
        assert len(caught.value.unknown) == len(caught.value.nearest) == 97 * 53 + 95 * 50

    assert calls_of(refused) < 100 * (97 * 53 + 95 * 50)
    assert "x[1-97]y[1-53]z" in sentences[0]
    assert len(sentences[0]) < 3000


def test_an_unknown_name_cannot_drive_the_terminal() -> None:
    with pytest.raises(UnknownNodeError) as caught:
        select("r01n01\x1bc\u202e")
    assert "r01n01\\x1bc\\u202e is not in" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


def test_an_excluded_name_that_is_unknown_is_an_error_too() -> None:
    with pytest.raises(UnknownNodeError, match="r12n0l"):
        select("@all ! r12n0l")


def test_a_glob_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(UnknownNodeError, match=r"no node in the inventory grid.yaml matches gpu\*, at column 8"):
        select("@all ! gpu*")


def test_a_range_of_too_many_globs_is_an_error() -> None:
    with pytest.raises(UsageError, match="too many to compare"):
        select("r*x[1-5000]")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("@rack:r1", r"there is no rack r1 in the inventory grid.yaml \(did you mean r01\?\), at column 7"),
        ("r01n01,@rack:r[03-06]", r"no rack r\[05-06\].*nearest.*at column 14"),
        ("@canray", r"there is no group canray .*did you mean canary"),
        ("@rack", r"a rack is written @rack:NAME"),
        ("@feed:zz", r"no feed zz .*it has A\[3-4\],B\[3-4\]"),
        ("@rack:x*", r"no rack x\*"),
        ("@attr:skuu=h100", r"no node has an attribute or a label 'skuu' \(did you mean sku\?\), at column 7"),
    ],
)
def test_an_unknown_group_is_named_with_the_nearest_and_the_column(text: str, sentence: str) -> None:
    with pytest.raises(UnknownGroupError, match=sentence):
        select(text)


@pytest.mark.parametrize(
    "text",
    ["@state:suspect", "@run:other", "@run:last:timeout", "@job:8", "@slurm:part:none", "@attr:sku=a100*"],
)
def test_a_dynamic_term_that_is_empty_is_an_error_unless_allowed(text: str) -> None:
    with pytest.raises(EmptySelectionError, match=r"is empty now.*--allow-empty"):
        select(text)
    assert select(text, allow_empty=True) == Selection(names=(), text=text, dynamic_empty=(text,))


def test_an_empty_list_is_an_error_unless_allowed() -> None:
    terms = Terms(read_stdin=lambda: "# nobody\n")
    with pytest.raises(EmptySelectionError):
        select("-", terms=terms)
    assert select("-", terms=terms, allow_empty=True).names == ()


def test_a_dynamic_term_that_takes_nothing_away_is_told_and_is_no_error() -> None:
    selection = select("@all ! @state:suspect")
    assert selection.names == GRID.names
    assert selection.dynamic_empty == ("@state:suspect",)


@pytest.mark.parametrize("allow_empty", [False, True])
def test_what_can_never_select_anything_is_an_error_even_when_empty_is_allowed(allow_empty: bool) -> None:
    with pytest.raises(EmptySelectionError, match=r"selects no node$"):
        select("@rack:r01 & @rack:r02", allow_empty=allow_empty)


def test_two_dynamic_terms_that_do_not_meet_are_empty_tonight_only() -> None:
    assert select("@state:drained & @rack:r02", allow_empty=True).names == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("@run:last", "@run: needs the journals of earlier runs, which this installation does not have"),
        ("@job:7", "@job: needs the job store, which this installation does not have"),
        ("@slurm:job:7", "@slurm: needs Slurm, which this installation does not have"),
        ("@file:x", "@file: needs a place to read files from"),
        ("@stdin", "@stdin needs a standard input"),
        ("-", "a lone - needs a standard input"),
    ],
)
def test_a_look_up_that_is_missing_is_named(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        select(text, terms=Terms())


def test_a_backend_that_does_not_answer_stays_a_backend_error() -> None:
    def silent(_key: str, _value: str) -> list[str]:
        raise BackendError("slurmctld does not answer")

    with pytest.raises(BackendError):
        select("@slurm:job:1", terms=Terms(slurm=silent))


def test_nodes_that_left_the_inventory_since_a_run_are_named() -> None:
    with pytest.raises(UnknownNodeError, match=r"@slurm:job:9: gone1 is not in the inventory grid.yaml; add `& @all`"):
        select("@slurm:job:9")
    assert select("@all ! @slurm:job:9").names == tuple(name for name in GRID.names if name != "r03n02")


def test_a_list_with_an_unknown_name_is_an_error() -> None:
    with pytest.raises(UnknownNodeError, match="r99n99"):
        select("@all ! @file:x", terms=Terms(read_file=lambda _path: "r99n99"))


def test_standard_input_is_read_once() -> None:
    reads = []

    def read() -> str:
        reads.append(1)
        return "r01n01"

    assert select("- & @stdin", terms=Terms(read_stdin=read)).names == ("r01n01",)
    assert reads == [1]


def test_selecting_a_fleet_of_6272_takes_few_calls_for_each_node() -> None:
    fleet = grid(racks=98, nodes=64)
    select("@all", fleet=fleet)  # what the fleet makes once
    assert calls_of(lambda: select("@all", fleet=fleet)) < 100
    assert calls_of(lambda: select("r[01-98]n[01-64]", fleet=fleet)) < 6 * len(fleet)


def test_a_union_of_all_names_one_by_one_takes_linear_work() -> None:
    fleet = grid(racks=40, nodes=50)
    few, many = ",".join(fleet.names[:1000]), ",".join(fleet.names)
    assert calls_of(lambda: select(many, fleet=fleet)) < 2.5 * calls_of(lambda: select(few, fleet=fleet))


def test_selecting_loads_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import aifctl.fleet.selector, aifctl.fleet.narrowing;"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"asyncio", "ClusterShell", "yaml", "difflib", "hashlib", "random", "subprocess", "asyncssh", "logging"}
    assert "aifctl.fleet.selector" in loaded
    assert not heavy & set(loaded)


def _with_selectors(selectors: dict[str, str]) -> Fleet:
    nodes = [GRID.node(name) for name in GRID.names]
    return Fleet(columns_of(nodes), origin="grid.yaml", selectors=selectors)
