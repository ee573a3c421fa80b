"""Profiles as they are written: what is read, what overrules what, and every mistake with its place, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from aifctl.core.errors import ProfilesError, SetupError
from aifctl.diagnosis.check import Threshold
from aifctl.fleet.profile import Expectation, Profiles
from aifctl.roster.profiles import read_profiles

THRESHOLDS = (
    Threshold(key="gpu.count", type=int, low=1, high=16, about="GPUs"),
    Threshold(key="gpu.hot_c", type=float, low=30, high=120, about="°C"),
    Threshold(key="gpu.mig", type=bool, about="MIG"),
    Threshold(key="host.governor", type=str, about="governor"),
    Threshold(key="host.mounts", type=list, about="mounts"),
    Threshold(key="host.sizes_bytes", type=list, items=int, low=1, about="sizes"),
)


def read(folder: Path, thresholds: Sequence[Threshold] = THRESHOLDS, /, **files: str) -> Profiles:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return read_profiles([folder], thresholds)


def mistakes(folder: Path, **files: str) -> list[str]:
    with pytest.raises(ProfilesError) as caught:
        read(folder, **files)
    return [f"{Path(one.file).name}:{one.line}: {one.message}" for one in caught.value.mistakes]


def values(found: Profiles, name: str) -> dict[str, object]:
    return {key: one.value for key, one in found.named(name).expectations.items()}


def test_keys_stand_in_full_or_below_their_room_and_become_what_the_checks_want(tmp_path: Path) -> None:
    text = """
name: h100
skus: [h100*, dgx-h100]
expectations:
  gpu:
    count: {value: 8, source: the vendor}
    hot_c: {value: 8.5e1, source: ours}
  gpu.mig: {value: no, source: ours}
  host:
    governor: {value: performance, source: ours}
    mounts: {value: [/home, 012], source: ours}
    sizes_bytes: {value: [1_000, 2], source: ours}
"""
    profile = read(tmp_path, h100=text).named("h100")
    assert profile.skus == ("h100*", "dgx-h100")
    assert profile.origin == str(tmp_path / "h100.yaml")
    assert profile.expectations["gpu.count"] == Expectation(value=8, source="the vendor")
    assert {key: one.value for key, one in profile.expectations.items()} == {
        "gpu.count": 8,
        "gpu.hot_c": 85.0,
        "gpu.mig": False,
        "host.governor": "performance",
        "host.mounts": ["/home", "012"],
        "host.sizes_bytes": [1000, 2],
    }
    assert isinstance(profile.expectations["gpu.hot_c"].value, float)


def test_an_heir_has_what_it_does_not_say_and_null_takes_away(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        base="expectations: {gpu: {count: {value: 8, source: a}, hot_c: {value: 85, source: a}}}",
        middle="{inherits: base, skus: h2*, expectations: {gpu.count: {value: 4, source: b}}}",
        heir='{inherits: middle, expectations: {gpu.hot_c: {value: null, source: "it tells none"}}}',
    )
    assert values(found, "base") == {"gpu.count": 8, "gpu.hot_c": 85.0}
    assert values(found, "middle") == {"gpu.count": 4, "gpu.hot_c": 85.0}
    assert values(found, "heir") == {"gpu.count": 4}
    assert found.named("heir").skus == ()  # what it is for is not inherited


def test_a_file_in_an_earlier_folder_overrules_its_namesake_and_may_inherit_it(tmp_path: Path) -> None:
    shipped, site = tmp_path / "shipped", tmp_path / "site"
    read(
        shipped,
        h100="{skus: [h100*], expectations: {gpu: {count: {value: 8, source: a}, hot_c: {value: 85, source: a}}}}",
        h200="{skus: [h200*], inherits: h100, expectations: {}}",
    )
    read(site, h200="skus: [x*]")
    (site / "h200.yaml").unlink()
    (site / "h100.yaml").write_text(
        "{skus: [h100*], inherits: h100, expectations: {gpu.hot_c: {value: 80, source: us}}}"
    )
    found = read_profiles([site, tmp_path / "not-there", shipped], THRESHOLDS)
    assert values(found, "h100") == {"gpu.count": 8, "gpu.hot_c": 80.0}
    assert values(found, "h200") == {"gpu.count": 8, "gpu.hot_c": 80.0}  # it inherits what holds here
    assert found.named("h100").origin == str(site / "h100.yaml")


def test_another_value_another_source_or_another_name_is_another_digest(tmp_path: Path) -> None:
    def digest(name: str, count: int, source: str) -> str:
        text = f"expectations: {{gpu.count: {{value: {count}, source: {source}}}}}"
        folder = tmp_path / f"{name}-{count}-{source}"
        return read(folder, **{name: text}).named(name).digest

    same = digest("p", 8, "a")
    assert len({same, digest("p", 4, "a"), digest("p", 8, "b"), digest("q", 8, "a")}) == 4
    assert digest("p", 8, "a") == same


def test_all_mistakes_of_all_files_are_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    first = """\
name: other
skuz: [h100*]
expectations:
  gpu.cuont: {value: 8, source: a}
  gpu.count: {value: 99, source: a}
  gpu.hot_c: {value: warm, source: a}
  gpu.mig: {value: true}
  host.governor: performance
  host:
    mounts: {value: /home, source: a}
    sizes_bytes: {value: [0], source: a, sauce: b}
    governor: {value: x, source: a}
"""
    assert mistakes(tmp_path, first=first, second="inherits: third", third="- a list", fourth="a: b: c") == [
        "first.yaml:1: the name must be the file's, first, because by it a site overrules a profile",
        "first.yaml:2: a profile has no key 'skuz'; did you mean 'skus'?",
        "first.yaml:4: no check asks for it: a profile has no key 'gpu.cuont'; did you mean 'gpu.count'?",
        "first.yaml:5: gpu.count: 99 is beyond what can be, at least 1 and at most 16 (GPUs)",
        "first.yaml:6: gpu.hot_c: 'warm' is no number",
        "first.yaml:7: gpu.mig has no source; write {value: …, source: where it comes from}",
        "first.yaml:8: host.governor has no source; write {value: …, source: where it comes from}",
        "first.yaml:10: host.mounts: it is a list: [one, another]",
        "first.yaml:11: host.sizes_bytes has no key 'sauce'; did you mean 'source'?",
        "first.yaml:11: host.sizes_bytes: 0 is beyond what can be, at least 1 (sizes)",
        "first.yaml:12: 'host.governor' stands here twice; first in line 8",
        "fourth.yaml:1: not YAML: mapping values are not allowed in this context",
        "third.yaml:1: a profile is a mapping with name, skus, inherits, expectations",
    ]


@pytest.mark.parametrize(
    ("key", "text", "why"),
    [
        ("gpu.count", "8.0", "'8.0' is no whole number"),
        ("gpu.count", "[8]", "it is a whole number, not a list"),
        ("gpu.count", "{a: b}", "it is a whole number, not a mapping"),
        ("gpu.count", "0", "0 is beyond what can be, at least 1 and at most 16 (GPUs)"),
        ("gpu.hot_c", ".nan", "'.nan' is no number"),
        ("gpu.hot_c", ".inf", "'.inf' is no number"),
        ("gpu.hot_c", "29.9", "29.9 is beyond what can be, at least 30 and at most 120 (°C)"),
        ("gpu.mig", "perhaps", "'perhaps' is neither true nor false"),
        ("host.governor", '""', "'' must be one line of 1 to 1024 printable characters"),
        (
            "host.governor",
            "https://me:hunter2@site",
            "a credential does not belong into a profile, which anybody may read",
        ),
        ("host.mounts", "[null]", "there is no text"),
    ],
)
def test_a_value_that_cannot_be_is_refused(tmp_path: Path, key: str, text: str, why: str) -> None:
    assert mistakes(tmp_path, p=f"expectations: {{{key}: {{value: {text}, source: a}}}}") == [f"p.yaml:1: {key}: {why}"]


@pytest.mark.parametrize("source", ["", "null", "[a]", '"two\\nlines"', "ssh://me:hunter2@site"])
def test_a_source_is_one_line_of_text_without_a_credential(tmp_path: Path, source: str) -> None:
    (told,) = mistakes(tmp_path, p=f"expectations: {{gpu.count: {{value: 8, source: {source}}}}}")
    assert told.startswith("p.yaml:1: gpu.count: ")


def test_a_credential_has_no_place_in_a_profile(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, p="expectations: {bmc.password: {value: hunter2, source: a}}")
    assert told == "p.yaml:1: 'bmc.password': a credential does not belong into a profile, which anybody may read"
    assert "hunter2" not in told


def test_a_key_that_several_checks_ask_for_must_suit_all_of_them(tmp_path: Path) -> None:
    wide, narrow = THRESHOLDS[0], Threshold(key="gpu.count", type=int, low=1, high=8, about="GPUs in a tray")
    with pytest.raises(ProfilesError, match=r"9 is beyond what can be, at least 1 and at most 8 \(GPUs in a tray\)"):
        read(tmp_path, (wide, narrow), p="expectations: {gpu.count: {value: 9, source: a}}")


def test_two_profiles_for_the_same_skus_are_a_mistake_that_says_the_way_out(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, ours="skus: ['*sxm5']", theirs="skus: [a*, h100*]")
    assert told.startswith("theirs.yaml:1: 'h100*' fits the same SKUs as well as '*sxm5' of ")
    assert "or give the file the name of the profile that it is to overrule" in told
    assert [one.name for one in read(tmp_path, theirs="skus: [h100-*]").all] == ["ours", "theirs"]


@pytest.mark.parametrize("glob", ["'h[12]00'", "''", "h" * 65, "a b", "{a: b}"])
def test_a_glob_is_made_of_stars_and_question_marks_alone(tmp_path: Path, glob: str) -> None:
    (told,) = mistakes(tmp_path, p=f"skus: [{glob}]")
    assert told == "p.yaml:1: skus takes globs of at most 64 characters with * and ? alone"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a": "inherits: bb", "b": ""}, "a.yaml:1: there is no profile 'bb'; did you mean b?"),
        ({"a": "inherits: a"}, "a.yaml:1: there is no other profile 'a' to overrule; there are a"),
        ({"a": "inherits: [b]", "b": ""}, "a.yaml:1: inherits takes the name of one profile"),
    ],
)
def test_who_inherits_names_a_profile_that_there_is(tmp_path: Path, files: dict[str, str], why: str) -> None:
    assert mistakes(tmp_path, **files) == [why]


def test_nobody_inherits_from_oneself_by_way_of_others(tmp_path: Path) -> None:
    told = mistakes(tmp_path, a="inherits: b", b="inherits: c", c="inherits: a")
    assert "a.yaml:0: inherits from itself: a from b from c from a" in told


def test_two_files_of_one_name_in_one_folder_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text("")
    (told,) = mistakes(tmp_path, p="")
    assert told == f"p.yml:0: {tmp_path / 'p.yaml'} beside it has the same name; remove one"


def test_hidden_files_and_other_suffixes_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".p.yaml").write_text("not: a profile")
    (tmp_path / "p.yaml~").write_text("not: a profile")
    assert read(tmp_path, q="").all[0].name == "q"


def test_what_is_no_plain_file_of_reasonable_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").mkdir()
    with pytest.raises(SetupError, match=r"p\.yaml is no plain file of at most 1 MiB"):
        read_profiles([tmp_path], THRESHOLDS)


def test_a_bound_that_is_met_exactly_is_within(tmp_path: Path) -> None:
    text = "expectations: {gpu.count: {value: 16, source: a}, gpu.hot_c: {value: 30, source: a}}"
    assert values(read(tmp_path, p=text), "p") == {"gpu.count": 16, "gpu.hot_c": 30.0}
