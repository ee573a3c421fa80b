"""Health in the formats that machines and browsers read, where there is little to show: no sweep yet, no racks, a hostfile."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh

NODES = ("127.1.1.1", "127.1.1.2")


@pytest.fixture
def bare(prompt: Prompt) -> Prompt:
    """An operator whose inventory knows where two nodes answer, and neither rack nor SU."""
    files = prompt.fleet.files
    prompt.inventory.write_text(f"""
site: bare
defaults:
  user: ops
  port: {prompt.fleet.port}
  sku: h100-sxm5
  identity: ["{files.identity}"]
  ssh: {{UserKnownHostsFile: "{files.known_hosts}", GlobalKnownHostsFile: /dev/null}}
nodes:
  r001n01: {{address: 127.1.1.1}}
  r001n02: {{address: 127.1.1.2}}
""")
    return prompt


@pytest.fixture
def hosts(prompt: Prompt, tmp_path: Path) -> tuple[str, ...]:
    """Options that stand in place of any inventory."""
    files, listed = prompt.fleet.files, tmp_path / "hosts"
    listed.write_text("\n".join(NODES))
    return (
        *("--hostfile", str(listed), "--user", "ops", "--port", str(prompt.fleet.port)),
        *("--identity", str(files.identity), "--known-hosts", str(files.known_hosts), "--inventory", "/nonexistent"),
    )


def whole_page(text: str, *names: str) -> None:
    """Check that a page is whole, needs no network and names all nodes."""
    assert text.startswith("<!DOCTYPE html>")
    assert text.rstrip().endswith("</html>")
    assert re.search(r"""(src|href)=["']https?:""", text) is None
    assert [name for name in names if name not in text] == []


def metrics_are_valid(text: str) -> None:
    assert 'aifctl_fleet_nodes{condition="ok"}' in text
    if promtool := shutil.which("promtool"):
        done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout + done.stderr) == (0, ""), done


def test_before_the_first_sweep_every_format_says_that_nobody_has_looked(bare: Prompt, aifctl: InProcess) -> None:
    page = aifctl("status", "-o", "html")
    assert page.code == 0
    whole_page(page.out, "r001n01", "r001n02")
    assert "nobody has looked" in page.out
    nagios = aifctl("status", "-o", "nagios")
    assert (nagios.code, nagios.out.startswith("AIFCTL UNKNOWN - no sweep has ended yet")) == (3, True), nagios
    told = aifctl("status", "-o", "prometheus")
    metrics_are_valid(told.out)
    assert 'aifctl_fleet_nodes{condition="unseen"} 2' in told.out


def test_nodes_without_a_rack_are_swept_and_shown_like_any(bare: Prompt, aifctl: InProcess) -> None:
    page = aifctl("sweep", "-o", "html")
    assert page.code == 0, page.err
    whole_page(page.out, "r001n01", "r001n02")
    assert aifctl("sweep", "-o", "nagios").out.startswith("AIFCTL OK - 2 of 2 nodes ok")
    metrics_are_valid(aifctl("sweep", "-o", "prometheus").out)
    whole_page(aifctl("status", "-o", "html").out, "r001n01", "r001n02")
    assert re.search(r"^r001n01 *\.\.$", aifctl("status", "--map").out, re.MULTILINE)
    by_rack = aifctl("status", "--by", "rack", "-o", "json").envelope()["items"]
    assert [(item["group"], item["ok"]) for item in by_rack] == [("-", 2)]


def test_of_a_hostfile_what_needs_no_profile_is_judged_and_the_rest_is_one_unknown(
    prompt: Prompt, aifctl: InProcess, hosts: tuple[str, ...]
) -> None:
    page = aifctl("sweep", *hosts, "-o", "html")
    assert page.code == 3, page.err
    whole_page(page.out, *NODES)
    nagios = aifctl("sweep", *hosts, "-o", "nagios")
    assert (nagios.code, nagios.out.startswith("AIFCTL UNKNOWN - 2 unknown")) == (3, True), nagios
    metrics_are_valid(aifctl("sweep", *hosts, "-o", "prometheus").out)
    whole_page(aifctl("status", *hosts[:2], "-o", "html").out, *NODES)
    by_profile = aifctl("sweep", *hosts, "--profile", "h100-sxm5", "-o", "json")
    assert (by_profile.code, {item["result"] for item in by_profile.items().values()}) == (0, {"ok"}), by_profile.err


def test_the_first_sweep_of_nodes_without_a_profile_says_so_once(
    prompt: Prompt, aifctl: InProcess, hosts: tuple[str, ...]
) -> None:
    told = aifctl("sweep", *hosts)
    assert told.code == 3
    assert told.out.count("no profile is known") == 1, told.out
    prompt.break_("remap-failure@r001n02")
    sick = aifctl("sweep", *hosts)
    assert (sick.code, "row-remap-failure" in sick.out) == (3, True), sick
