"""A reply stays small whatever is written to a node's kernel log: the probe's own zip file, run on a node made up for it."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from aifctl.onnode.probe.fitting import LINE_WANTED_BYTES
from aifctl.sim.hardware.kernel_log import KernelLog, Line, write_kernel_log
from aifctl.sim.hardware.node import NodeHardware
from aifctl.sim.probing.template import _some_machine
from aifctl.survey.envelope import open_envelope
from aifctl.survey.reading import read_envelope
from aifctl.wiring.probe import probe_package
from tests.fuzzing import examples

#: What is to be found in every reply, and as which kind of event.
TOLD = {
    "NVRM: Xid (PCI:0000:3a:00): 79, pid=1, GPU has fallen off the bus.": "xid",
    "nvidia-nvswitch3: SXid (PCI:0000:85:00.0): 20034, Fatal, Link 30 LTSSM Fault Up": "sxid",
    "pcieport 0000:15:01.0: AER: Uncorrectable (Fatal) error message received from 0000:17:02.0": "aer",
    "mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: be00000000800400": "mce",
}
NOISE = (
    "{0}: segfault at {1}",
    "mlx5_core 0000:18:00.0: health {1}",
    "nfs: server {0} not responding {1}",
    "Oops{0}: {1}",
)


@pytest.fixture(scope="module")
def node() -> Iterator[Path]:
    """Yield a folder with a node's own files in it, and the probe beside them."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "probe.zip").write_bytes(probe_package().data)
        NodeHardware(_some_machine()).write(Path(folder))
        yield Path(folder)


def garbage(random: random.Random, length: int) -> str:
    return base64.b85encode(random.randbytes(length)).decode()


@settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    noise=st.sampled_from([0, 300, 4000]),
    length=st.sampled_from([8, 90, 380]),
    xids=st.sampled_from([0, 12, 60]),
)
def test_a_reply_is_never_larger_than_it_may_be_and_hides_nothing(
    node: Path, seed: int, noise: int, length: int, xids: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - noise
    said = [chance.choice(NOISE).format(garbage(chance, 8), garbage(chance, length)) for _ in range(noise)]
    said += [f"NVRM: Xid (PCI:0000:1b:00): {chance.randrange(200, 900)}, {garbage(chance, 60)}" for _ in range(xids)]
    said += TOLD
    chance.shuffle(said)
    write_kernel_log(node, KernelLog([Line(at_s=900.0, level=3, text=text) for text in said]))
    command = [sys.executable, "-I", "-S", str(node / "probe.zip"), json.dumps({"root": str(node)})]
    done = subprocess.run(command, capture_output=True, check=True)
    assert len(done.stdout) <= LINE_WANTED_BYTES == 20_000
    kernel = read_envelope(open_envelope(done.stdout, node="n"), node="n", at_s=1.0).kernel
    assert kernel is not None
    assert {event.text: event.kind for event in kernel.events}.items() >= TOLD.items()
    if noise == 4000:
        assert kernel.dropped_count > 3000
        assert not kernel.complete
    if not noise and xids < 60:
        assert (kernel.dropped_count, kernel.complete) == (0, True)
