"""Checks and profiles as a command finds them: ours, the site's, and what is wrong with either said in one sentence."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from aifctl.core.errors import ProfilesError, SetupError
from aifctl.core.settings import read_settings
from aifctl.main import main
from aifctl.wiring import expecting, quiet_tools

Plant = Callable[..., None]

_CHECK = """
from aifctl.diagnosis.check import Check, Threshold
from aifctl.diagnosis.reading import SectionName
CHECK = Check(name={name!r}, about="Ours.", section=SectionName.HOST, subjects=lambda reading: [], judge=lambda one, case: [],
              needs=(Threshold(key="site.limit_count", type=int, low=1, about="how many"),))
OTHER = 3
"""


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Return what makes entry points of files: name → (text, constant)."""

    def planted(**files: tuple[str, str]) -> None:
        points = []
        for name, (text, constant) in files.items():
            (tmp_path / f"planted_{name}.py").write_text(text)
            monkeypatch.delitem(sys.modules, f"planted_{name}", raising=False)
            points.append(metadata.EntryPoint(name, f"planted_{name}:{constant}", "aifctl.checks"))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(metadata, "entry_points", lambda *, group: [one for one in points if one.group == group])

    return planted


def test_a_sites_checks_stand_among_ours_in_order_of_name(plant: Plant) -> None:
    plant(second=(_CHECK.format(name="zz-last"), "CHECK"), first=(_CHECK.format(name="aa-first"), "CHECK"))
    names = [check.name for check in expecting.all_checks()]
    assert (names[0], names[-1]) == ("aa-first", "zz-last")
    assert "port-state" in names
    assert names == sorted(names)


def test_our_checks_bear_their_files_names_so_that_they_are_known_before_they_are_read() -> None:
    assert expecting.check_names() == [check.name for check in expecting.all_checks()]


@pytest.mark.parametrize(
    ("text", "constant", "why"),
    [
        (
            "import nothing_like_it",
            "CHECK",
            r"first = planted_first:CHECK of aifctl\.checks can't be loaded \(ModuleNotF",
        ),
        (
            "1 / 0",
            "CHECK",
            r"can't be loaded \(ZeroDivisionError: division by zero\); repair that package or uninstall it",
        ),
        (_CHECK.format(name="x"), "NONE", "can't be loaded .AttributeError"),
        (_CHECK.format(name="x"), "OTHER", "is no Check; it names a module's constant"),
        (
            _CHECK.format(name="port-state"),
            "CHECK",
            "the check 'port-state' of the entry point first = planted_first:CHECK has",
        ),
    ],
)
def test_a_sites_check_that_cannot_be_used_is_named(plant: Plant, text: str, constant: str, why: str) -> None:
    plant(first=(text, constant))
    with pytest.raises(SetupError, match=why):
        expecting.all_checks()


def test_two_checks_of_a_site_may_not_share_a_name_either(plant: Plant) -> None:
    plant(first=(_CHECK.format(name="x"), "CHECK"), second=(_CHECK.format(name="x"), "CHECK"))
    with pytest.raises(SetupError, match="'x' of the entry point second = planted_second:CHECK"):
        expecting.all_checks()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    (folder / "profiles").mkdir(parents=True)
    (folder / "fleet.yaml").write_text("site: here\ndefaults: {sku: h100-sxm5}\nnodes: n[1-3]\n")
    monkeypatch.setenv("AIFCTL_INVENTORY", str(folder))
    monkeypatch.setenv("AIFCTL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(expecting, "SYSTEM_PROFILES", tmp_path / "etc")
    return folder


def test_the_profiles_beside_the_inventory_overrule_the_systems_and_those_ours(site: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    text = "{{skus: [{sku}*], inherits: {name}, expectations: {{gpu.count: {{value: {count}, source: us}}}}}}"
    for folder, name, count in (
        (site / "profiles", "h100", 4),
        (tmp_path / "etc", "h100", 2),
        (tmp_path / "etc", "a100", 2),
    ):
        whole = {"h100": "h100-sxm5", "a100": "a100-sxm4"}[name]
        (folder / f"{whole}.yaml").write_text(text.format(sku=name, name=whole, count=count))
    found = quiet_tools({}).profiles
    counts = {one.name: one.expectations["gpu.count"].value for one in found.all}
    assert counts == {"h100-sxm5": 4, "a100-sxm4": 2, "h200-sxm5": 4}
    assert all("port.count" in one.expectations for one in found.all)


def test_an_inventory_of_one_file_has_its_profiles_beside_it(site: Path) -> None:
    (site / "profiles" / "mine.yaml").write_text("skus: [mine]")
    assert quiet_tools({"inventory": str(site / "fleet.yaml")}).profiles.of_sku("mine")


def test_with_a_hostfile_or_no_inventory_at_all_ours_hold(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "profiles" / "mine.yaml").write_text("skus: [mine]")
    monkeypatch.chdir(tmp_path)
    assert [one.name for one in quiet_tools({"hostfile": "names"}).profiles.all] == [
        "a100-sxm4",
        "h100-sxm5",
        "h200-sxm5",
    ]
    monkeypatch.delenv("AIFCTL_INVENTORY")
    assert quiet_tools({}).profiles.of_sku("mine") is None


def test_mistakes_of_profiles_are_told_with_file_and_line(site: Path) -> None:
    (site / "profiles" / "mine.yaml").write_text("skus: [mine]\nexpectations:\n  gpu.cuont: {value: 8, source: a}\n")
    with pytest.raises(
        ProfilesError, match=r"the profiles have 1 mistake\n.*mine\.yaml:3: .* did you mean 'gpu\.count'\?"
    ):
        _ = quiet_tools({}).profiles


def test_a_profile_may_say_what_a_sites_own_check_asks_for(site: Path, plant: Plant) -> None:
    plant(first=(_CHECK.format(name="site-limit"), "CHECK"))
    (site / "profiles" / "mine.yaml").write_text("expectations: {site.limit_count: {value: 8, source: a}}")
    assert quiet_tools({}).profiles.named("mine").expectations["site.limit_count"].value == 8


def test_an_installed_aifctl_finds_its_profiles_below_the_prefix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lib" / "python3.11" / "site-packages" / "aifctl"
    package.mkdir(parents=True)
    monkeypatch.setattr("aifctl.__path__", [str(package)])
    with pytest.raises(SetupError, match="install aifctl again"):
        expecting.shipped_profiles()
    shutil.copytree(Path(__file__).parents[1] / "inventory" / "profiles", tmp_path / "share/aifctl/inventory/profiles")
    settings = read_settings({}, system_file=tmp_path / "none").with_flags({"hostfile": "x"})
    found = expecting.profiles_in_use(settings, Path, expecting.all_checks())
    assert {Path(one.origin).parent for one in found.all} == {tmp_path / "share/aifctl/inventory/profiles"}


def test_inventory_check_looks_at_the_profiles_beside_it_too(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (site / "profiles" / "h100-sxm5.yaml").write_text(
        "skus: [h100*]\nexpectations: {gpu.count: {value: 99, source: a}}\n"
    )
    for words in (["inventory", "check"], ["inventory", "check", str(site)]):
        assert main([*words, "-o", "json"]) == 6
        (item,) = json.loads(capfd.readouterr().out)["items"]
        assert (item["file"], item["line"]) == (str(site / "profiles" / "h100-sxm5.yaml"), 2)
        assert item["message"].startswith("gpu.count: 99 is beyond what can be")
    (site / "profiles" / "h100-sxm5.yaml").unlink()
    assert main(["inventory", "check"]) == 0


def test_one_check_of_ours_is_found_without_opening_the_others(plant: Plant) -> None:
    def refuse() -> tuple[()]:
        raise AssertionError("all were opened")

    found = expecting.check_named("port-state", refuse)
    assert found is not None
    assert found.name == "port-state"
    plant(first=(_CHECK.format(name="site-limit"), "CHECK"))
    assert expecting.check_named("site-limit", expecting.all_checks) is not None
    assert expecting.check_named("nobody's", expecting.all_checks) is None
