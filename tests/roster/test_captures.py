"""Inventories of other projects, as they publish them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.roster.inventories import mistakes_in, roster

_FOLDER = Path(os.environ.get("AIFCTL_CAPTURES", Path(__file__).parents[3] / "shared" / "captures")) / "inventory"


@pytest.fixture
def deepops() -> str:
    file = _FOLDER / "ansible_deepops_inventory.ini"
    if not file.exists():
        pytest.skip(f"there is no {file}; AIFCTL_CAPTURES names the folder of captures")
    return file.read_text()


@pytest.mark.captures
def test_the_deepops_example_holds_groups_and_no_host(deepops: str) -> None:
    imported = roster().import_text(deepops, format_name="ansible-ini")
    assert imported.node_count == 0
    assert mistakes_in(imported.yaml) == []
    assert any(sentence.startswith("groups without a host (") for sentence in imported.lost)


@pytest.mark.captures
def test_the_deepops_example_with_its_hosts_uncommented_becomes_a_fleet(deepops: str) -> None:
    text = "\n".join(
        line[1:] if line.startswith(("#mgmt", "#login", "#gpu", "#ansible_user")) else line
        for line in deepops.splitlines()
    )
    imported = roster().import_text(text, format_name="ansible-ini")
    assert imported.node_count == 6
    assert imported.lost == ()
    assert mistakes_in(imported.yaml) == []
    assert "user: ubuntu" in imported.yaml
    assert "slurm-node: gpu[01-02]" in imported.yaml
    assert 'slurm-cluster: "gpu[01-02],login01"' in imported.yaml
