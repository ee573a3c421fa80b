from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet

from aifctl.fleet.nodeset import fold

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        shutil.which("scontrol") is None and os.environ.get("CI") != "true", reason="scontrol (slurm-client) is missing"
    ),
]

#: Linux takes no longer single argument.
MOST_ARGUMENT_BYTES = 131_071


@pytest.fixture(scope="module")
def hostnames(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str] | None]:
    """Return what `scontrol show hostnames` makes of a nodeset; None where it refuses."""
    conf: Path = tmp_path_factory.mktemp("slurm") / "slurm.conf"
    conf.write_text("ClusterName=test\nSlurmctldHost=localhost\nNodeName=localhost\nPartitionName=p Nodes=localhost\n")

    def show(nodeset: str) -> list[str] | None:
        done = subprocess.run(
            ["scontrol", "show", "hostnames", nodeset],
            env={**os.environ, "SLURM_CONF": str(conf)},
            capture_output=True,
            text=True,
            check=False,
        )
        return None if "Invalid" in done.stderr or done.returncode else done.stdout.split()

    return show


@pytest.mark.parametrize(
    "nodeset", ["n[1-6/2]", "n[1-2]-ib", "r[1-2]n1", "n[0-65536]", "a[0-40000,50000-90000]c[1]", "n[3-1]"]
)
def test_slurm_refuses_what_fold_avoids(hostnames: Callable[[str], list[str] | None], nodeset: str) -> None:
    assert hostnames(nodeset) is None


@pytest.mark.parametrize(
    "names",
    [
        ["n1"],
        ["n1", "n01", "n001"],
        ["n8", "n9", "n10", "n011"],
        ["1", "2", "3"],
        ["login", "n1"],
        [f"n{number}-ib" for number in range(3)],
        [f"r{rack}n1" for rack in range(8, 12)],
        [f"r{rack:02}n{node:02}" for rack in range(1, 13) for node in range(1, 33)],
        [f"r{rack:02}n{node}" for rack in range(8, 12) for node in range(8, 12) if rack + node != 20],
        [f"su{su}-r{rack}-n{node}" for su in range(3) for rack in (1, 3) for node in range(9, 12)],
        [f"ip-10-0-{third}-{fourth}.az{zone}" for third in range(3) for fourth in (7, 9) for zone in (1, 2)],
        [f"x{'9' * 19}y{number}" for number in range(3)],
        [f"n{number}" for number in range(70_000)],
        [f"a{number}c1" for number in range(70_000)],
        [f"r{rack:03}n{node:02}" for rack in range(1, 197) for node in range(1, 33)],
    ],
    ids=lambda names: f"{len(names)}x{names[0][:20]}",
)
def test_slurm_and_clustershell_read_the_same_names(
    hostnames: Callable[[str], list[str] | None], names: list[str]
) -> None:
    folded = fold(names, slurm=True)
    assert sorted(hostnames(folded) or []) == sorted(names)
    assert set(NodeSet(folded, resolver=RESOLVER_NOGROUP)) == set(names)


def test_slurm_reads_irregular_sets_of_names(hostnames: Callable[[str], list[str] | None]) -> None:
    chosen = random.Random(11)  # noqa: S311 - which names is the test's
    for _ in range(60):
        names = sorted({_name(chosen) for _ in range(chosen.randrange(1, 80))})
        folded = fold(names, slurm=True)
        assert len(folded) < MOST_ARGUMENT_BYTES
        assert sorted(hostnames(folded) or []) == names, folded


def _name(chosen: random.Random) -> str:
    text = chosen.choice(["n", "r", "gpu-", "a.b", "x_"])
    for _ in range(chosen.randrange(4)):
        number, width = chosen.randrange(13), chosen.choice([1, 1, 2, 3])
        text += f"{number:0{width}}" + chosen.choice(["", "n", "-", ".c", "-ib"])
    return text
