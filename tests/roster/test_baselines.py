"""Firmware baselines: what stands in a file is what is allowed, and every mistake of every file is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import aifctl.firmware.components
from aifctl.core.drawers import read_drawer
from aifctl.core.errors import BaselinesError, UsageError
from aifctl.diagnosis.component import Component
from aifctl.fleet.baseline import ANY_KIND, Activation, Baselines
from aifctl.roster.baselines import read_baselines

COMPONENTS: list[Component] = read_drawer(aifctl.firmware.components, "COMPONENT")
SHIPPED = Path(__file__).parents[2] / "inventory/baselines"


def read(folder: Path, **files: str) -> Baselines:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return read_baselines([folder], COMPONENTS)


def mistakes(folder: Path, **files: str) -> list[str]:
    with pytest.raises(BaselinesError) as caught:
        read(folder, **files)
    return [f"{mistake.line}: {mistake.message}" for mistake in caught.value.mistakes]


def test_a_rule_is_written_in_three_ways(tmp_path: Path) -> None:
    (found,) = read(
        tmp_path,
        ours="""
about: what we run
source: change 4711
components:
  bios: 1.10
  hca: {MT_1: [28.42.1000, 28.43.1014], MT_2: 28.39.1002}
  nvme:
    accept: {SAMSUNG MZQL2: GDC5602Q, "*": [A1]}
    mandatory: false
    activation: none
    source: the vendor's letter
""",
    ).all
    assert (found.name, found.about, found.skus) == ("ours", "what we run", ())
    assert found.rules["bios"].accept == {ANY_KIND: ("1.10",)}, "text, not the number 1.1"
    assert found.rules["bios"].mandatory
    assert found.rules["bios"].source == "change 4711"
    assert found.rules["hca"].versions("MT_1") == ("28.42.1000", "28.43.1014")
    assert found.rules["hca"].versions("MT_3") is None
    nvme = found.rules["nvme"]
    assert (nvme.versions("SAMSUNG MZQL2"), nvme.versions("another")) == (("GDC5602Q",), ("A1",))
    assert (nvme.mandatory, nvme.activation, nvme.source) == (False, Activation.NONE, "the vendor's letter")


def test_all_mistakes_are_told_at_once_each_with_its_line(tmp_path: Path) -> None:
    assert mistakes(
        tmp_path,
        bad="""
abuot: x
source: s
skus: [h100*]
components:
  gpu-vbois: 96.00.BC.00.01
  gpu-vbios: 96.00.BC
  bios: {accept: [], activation: prayer}
  hca: {MT_1: 28.42.1000, MT_1: 28.43.1014}
  nvme: {accept: [[A]], pasword: x}
""",
        worse="skus: [h?00*]\ncomponents:\n  bios: 1.1.3\n",
        worst="- a list",
    ) == [
        "2: a baseline has no key 'abuot'; did you mean 'about'?",
        "6: the firmware of a node has no key 'gpu-vbois'; did you mean 'gpu-vbios'?",
        "7: gpu-vbios: '96.00.BC' is no version of it (five bytes in hex, the last the board's variant: 96.00.BC.00.01)",
        "8: activation: 'prayer' is none of none, reload, reboot, bmc-reset, dc-cycle, ac-cycle",
        "8: bios accepts nothing; leave it out to say nothing of it",
        "9: 'MT_1' stands here twice; first in line 9",
        "10: nvme has no key 'pasword'; it has accept, activation, mandatory, source",
        "10: nvme: a version is one text",
        "3: bios has no source: say where its versions come from",
        "1: a baseline has components: each with the versions that may run",
        "1: a baseline is a mapping with about, source, skus, components",
    ]


def test_two_baselines_for_one_sku_are_two_answers_for_one_part(tmp_path: Path) -> None:
    text = "source: s\nskus: [{}]\ncomponents: {{bios: 1.1.3}}\n"
    (told,) = mistakes(tmp_path, one=text.format("h100*"), two=text.format("h*100"))
    assert "a part has one answer" in told


def test_the_nearer_folder_overrules_and_the_sku_chooses(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    near.mkdir()
    far.mkdir()
    (near / "a.yaml").write_text("source: s\nskus: [h100*]\ncomponents: {bios: 1.1.3}\n")
    (far / "a.yaml").write_text("source: s\ncomponents: {bios: 9.9}\n")
    (far / "b.yaml").write_text("source: s\nskus: [h100-sxm5*]\ncomponents: {bios: 1.5.3}\n")
    found = read_baselines([near, far, tmp_path / "nowhere"], COMPONENTS)
    assert [one.name for one in found.all] == ["a", "b"]
    sxm, pcie = found.of_sku("H100-SXM5-80GB"), found.of_sku("h100-pcie")
    assert sxm
    assert sxm.name == "b"
    assert pcie
    assert pcie.rules["bios"].accept == {ANY_KIND: ("1.1.3",)}
    assert found.of_sku("a100") is None
    with pytest.raises(UsageError, match="did you mean"):
        found.named("aa")


def test_a_changed_word_is_another_digest(tmp_path: Path) -> None:
    text = "source: s\ncomponents: {bios: 1.1.3}\n"
    (one,) = read(tmp_path, a=text).all
    (same,) = read(tmp_path, a="about: new\n" + text).all
    (other,) = read(tmp_path, a=text.replace("1.1.3", "1.1.4")).all
    assert one.digest == same.digest != other.digest


def test_the_shipped_baselines_are_for_no_sku_and_say_where_each_version_comes_from() -> None:
    found = read_baselines([SHIPPED], COMPONENTS).all
    assert len(found) == len(list(SHIPPED.glob("*.yaml"))) > 3
    for baseline in found:
        assert not baseline.skus
        assert baseline.about
        assert all(rule.source for rule in baseline.rules.values())
