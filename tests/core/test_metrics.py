"""The text that Prometheus scrapes, judged by its own promtool."""

from __future__ import annotations

import math
import shutil
import subprocess

import pytest

from aifctl.core.metrics import Family, gauge, render_metrics

HOSTILE = 'a "b" \\ c\nd # HELP x \x1b[31m \ud800'


def checked(text: str) -> None:
    """Have promtool judge it; it must say nothing at all."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; make deps installs it")
    done = subprocess.run([promtool, "check", "metrics"], input=text.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b""), text


def test_promtool_accepts_what_is_written_whatever_stands_in_a_label() -> None:
    rows = (({"name": HOSTILE, "other": ""}, 1.5), ({"name": "b", "other": "ü"}, 1e300))
    text = render_metrics([Family(name="aifctl_x_nodes", about=HOSTILE, rows=rows), gauge("aifctl_y", "Y.", 1 / 3)])
    checked(text)
    assert 'aifctl_x_nodes{name="a \\"b\\" \\\\ c\\nd # HELP x \\\\x1b[31m \\\\ud800",other=""} 1.5\n' in text
    assert text.replace("\n", "").isprintable()


def test_what_is_no_number_is_left_out_and_a_metric_without_samples_with_it() -> None:
    rows = (({"a": "1"}, math.nan), ({"a": "2"}, 2.0), ({"a": "3"}, math.inf))
    text = render_metrics([Family(name="aifctl_x", about="X.", rows=rows), gauge("aifctl_y", "Y.", math.nan)])
    assert text == '# HELP aifctl_x X.\n# TYPE aifctl_x gauge\naifctl_x{a="2"} 2\n'


def test_a_number_is_written_so_that_it_can_be_read_back() -> None:
    text = render_metrics([gauge("aifctl_x_timestamp_seconds", "X.", 1795480847.123457)])
    assert float(text.splitlines()[-1].split()[-1]) == 1795480847.123457
