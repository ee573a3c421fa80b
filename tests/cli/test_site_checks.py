"""A site's own check, installed as an entry point, that fails on every node: it is at fault, and the nodes are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.prompt import Prompt

pytestmark = pytest.mark.ssh

_CHECK = """
from aifctl.diagnosis.check import Check
from aifctl.diagnosis.reading import SectionName

def judge(_thing, _case):
    raise KeyError("serial")

CHECK = Check(
    name="site-serial", about="Ours.", section=SectionName.HOST, subjects=lambda reading: [("node", reading.host)], judge=judge
)
"""


@pytest.fixture
def site(prompt: Prompt, tmp_path: Path) -> Prompt:
    """Return an operator whose site has installed a check."""
    folder = tmp_path / "site"
    (folder / "site_checks-1.0.dist-info").mkdir(parents=True)
    (folder / "site_checks.py").write_text(_CHECK)
    (folder / "site_checks-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: site-checks\nVersion: 1.0\n"
    )
    (folder / "site_checks-1.0.dist-info/entry_points.txt").write_text("[aifctl.checks]\nserial = site_checks:CHECK\n")
    prompt.environ["PYTHONPATH"] += f":{folder}"
    return prompt


def test_it_is_said_once_the_other_checks_count_and_nobody_is_unseen(site: Prompt) -> None:
    site.break_("remap-failure@r002n01")
    for said in (site.json("sweep"), site.json("sweep")):
        assert (said.code, said.envelope()["coverage"]["answered"]) == (1, 24), said
        assert said.err.count("site-serial") == 2, said  # its name, and how it is muted: in one line
        assert "CHECK SUSPECT: site-serial: it fails itself on 24 of 24 nodes (100%)" in said.err
        assert said.items()["r002n01"]["check"] == "row-remap-failure"
        assert {one["check"] for one in said.items()["r003n01"]["findings"]} == {"site-serial"}
    site.cure()
    alone = site.json("sweep")
    assert alone.code == 1, "a check that judges nobody is no clean night"
    muted = site.aifctl("checks", "mute", "site-serial", "--until", "1h", "--reason", "being mended")
    assert muted.code == 0, muted
    quiet = site.json("sweep")
    assert (quiet.code, quiet.envelope()["coverage"]["answered"], "site-serial: it" in quiet.err) == (0, 24, False), (
        quiet
    )
