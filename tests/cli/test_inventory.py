"""The inventory through the command: mistakes all at once, the last good reading, other tools' formats and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.prompt import InProcess, Prompt

pytestmark = pytest.mark.ssh

BROKEN = """\
site: here
nodes:
  n1: {address: 10.0.0.1}
  n2: {address: 10.0.0.1, statte: ready}
  n[5-3]: {}
  n4: {port: 99999}
"""


def test_check_tells_all_mistakes_with_file_and_line(aifctl: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    said = aifctl("inventory", "check", str(file), "-o", "json")
    assert said.code == said.envelope()["exit"] == 6
    assert [(item["file"], item["line"]) for item in said.envelope()["items"]] == [
        (str(file), line) for line in (4, 4, 5, 6)
    ]
    text = aifctl("inventory", "check", str(file), "-o", "plain")
    assert text.code == 6


def test_check_of_a_sound_one_is_0_and_says_how_many_nodes(prompt: Prompt, aifctl: InProcess) -> None:
    said = aifctl("inventory", "check")
    assert said.code == 0
    assert "24" in said.err
    assert aifctl("inventory", "check", "/nonexistent").code == 6
    assert str(prompt.inventory) in said.err


def test_run_on_a_broken_inventory_is_6_with_every_mistake_and_looking_goes_on_with_the_last_good_one(
    prompt: Prompt, aifctl: InProcess
) -> None:
    assert aifctl("nodes", "-o", "count").out == "24\n"
    prompt.add("nodes:\n  r001n01: {adress: x}\n  x1: {port: many}")
    for args in (
        ("nodes", "-o", "count"),
        ("find", "r001n01"),
        ("inventory", "show", "r001n01"),
        ("trust", "show", "r001n01"),
    ):
        said = aifctl(*args)
        assert said.code == 0, said
        assert str(prompt.inventory) in said.err, "it must say what it stands on"
    refused = aifctl("run", "r001n01", "-o", "json", "--", "true")
    assert refused.code == 6
    errors = refused.envelope()["errors"]
    assert len(errors) >= 2
    assert all(error["file"] == str(prompt.inventory) and error["line"] for error in errors)
    assert prompt.journals() == []


def test_without_a_last_good_reading_looking_fails_too(prompt: Prompt, aifctl: InProcess) -> None:
    prompt.add("nodes:\n  x1: {port: many}")
    assert aifctl("nodes", "-o", "json").code == 6


def test_where_no_inventory_is_named_it_says_where_it_looked(
    aifctl: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIFCTL_INVENTORY")
    monkeypatch.chdir(tmp_path)
    said = aifctl("nodes")
    assert said.code == 6
    assert "AIFCTL_INVENTORY" in said.err
    assert "--inventory" in said.err


def test_the_flag_stands_above_the_variable(prompt: Prompt, aifctl: InProcess, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("site: other\nnodes: n[1-3]\n")
    assert aifctl("nodes", "--inventory", f"{tmp_path}/other.yaml", "-o", "nodeset").out == "n[1-3]\n"
    assert aifctl("nodes", "-o", "count").out == "24\n"
    assert prompt.environ["AIFCTL_INVENTORY"] == str(prompt.inventory)


@pytest.mark.parametrize("name", ["ansible-ini", "ansible-yaml", "ansible-dynamic", "hosts", "ssh-config"])
def test_what_is_exported_can_be_imported_again(prompt: Prompt, aifctl: InProcess, tmp_path: Path, name: str) -> None:
    # The loopback's addresses would not be taken for nodes' in a hosts file.
    prompt.inventory.write_text(prompt.inventory.read_text().replace('address: "127.', 'address: "10.'))
    assert aifctl("inventory", "export", "--format", name, "--outdir", f"{tmp_path}/out").code == 0
    (file,) = (tmp_path / "out").iterdir()
    imported = aifctl("inventory", "import", "--format", name, str(file))
    assert imported.code == 0, imported
    (tmp_path / "back.yaml").write_text(imported.out)
    back = ("--inventory", f"{tmp_path}/back.yaml")
    assert aifctl("inventory", "check", *back).code == 0
    assert aifctl("nodes", "-o", "nodeset", *back).out == aifctl("nodes", "-o", "nodeset").out
    here, there = (
        {
            item["node"]: item["address"]
            for item in aifctl("inventory", "show", "@all", "-o", "json", *which).envelope()["items"]
        }
        for which in ((), back)
    )
    assert here == there


def test_an_export_can_be_piped_into_an_import(prompt: Prompt) -> None:
    said = prompt.shell(
        "aifctl inventory export -f ssh-config @rack:r001 | aifctl inventory import -f ssh-config - >back.yaml"
        " && aifctl nodes --inventory back.yaml -o nodeset",
        cwd=prompt.home,
    )
    assert (said.code, said.out) == (0, "r001n[01-04]\n"), said


def test_an_ansible_dynamic_inventory_is_json_on_stdout(aifctl: InProcess) -> None:
    said = aifctl("inventory", "export", "--format", "ansible-dynamic", "r001n01")
    assert "r001n01" in json.loads(said.out)["_meta"]["hostvars"]


def test_formats_and_template_can_be_looked_at(aifctl: InProcess, tmp_path: Path) -> None:
    names = {item["format"] for item in aifctl("inventory", "formats", "-o", "json").envelope()["items"]}
    assert names >= {"ansible-ini", "ansible-yaml", "clustershell", "hosts", "netbox", "slurm", "ssh-config"}
    template = aifctl("inventory", "template")
    (tmp_path / "site.yaml").write_text(template.out)
    assert aifctl("inventory", "check", f"{tmp_path}/site.yaml").code == 0


def test_show_tells_all_of_a_node(aifctl: InProcess) -> None:
    item = aifctl("inventory", "show", "r001n01", "-o", "json").items()["r001n01"]
    assert (item["address"], item["rack"], item["user"]) == ("127.1.1.1", "r001", "ops")
    assert len(item["rails"]) == 8


def test_a_schema_describes_what_json_holds(aifctl: InProcess) -> None:
    schema = json.loads(aifctl("schema", "Node").out)
    assert "items" in schema["properties"]
    assert aifctl("schema", "node").code == 2
    assert "Node" in aifctl("schema").out
    kinds = [item["kind"] for item in aifctl("schema", "-o", "json").envelope()["items"]]
    assert {"Node", "Run", "ReportKind"} <= set(kinds)
