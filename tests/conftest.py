"""What every test gets: a home of its own, none of this machine's settings, and no way to be skipped quietly."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure, a test run leaves nothing behind, and it tries the same today as tomorrow.
# How often it tries: tests/fuzzing.py, which can't be imported where this file is tried by itself.
_EXAMPLES = 100 * int(os.environ.get("AIFCTL_FUZZ", "1"))
settings.register_profile("aifctl", deadline=None, database=None, derandomize=True, max_examples=_EXAMPLES)
settings.load_profile("aifctl")

# What started us may ignore signals (nohup, a shell's `&`), every process of ours would inherit that, and aifctl
# respects it: the tests of signals would wait for ever.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest.register_assert_rewrite("tests.fault_scenarios", "tests.command")

#: Markers whose tests may be skipped even where CI says that nothing may: what they need can't be made on a machine.
_MAY_BE_SKIPPED = ("gpu", "captures")

#: Variables of ours that tell tests about this machine; all others would let its settings leak into a test.
_KEPT = frozenset({"AIFCTL_CAPTURES", "AIFCTL_LAB_CACHE", "AIFCTL_LAB_IMAGE", "AIFCTL_SKIPS", "AIFCTL_FUZZ"})


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the session, and every process it starts, an empty home and an environment free of ours and of any agent."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if (name.startswith("AIFCTL_") and name not in _KEPT) or name.startswith("XDG_") or name == "SSH_AUTH_SOCK":
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        yield home


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _forbid_in_ci(report, allowed=_may_be_skipped(item))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        _forbid_in_ci(report, allowed=False)
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _note(_reason(report))


@pytest.hookimpl(tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _note(_reason(report))


def _may_be_skipped(item: pytest.Item) -> bool:
    if item.get_closest_marker("captures") is not None:
        return not os.environ.get("AIFCTL_CAPTURES")
    return any(item.get_closest_marker(name) is not None for name in _MAY_BE_SKIPPED)


def _forbid_in_ci(report: pytest.TestReport | pytest.CollectReport, *, allowed: bool) -> None:
    if os.environ.get("CI") == "true" and not allowed:
        report.longrepr = f"skipped, which CI=true forbids: {_reason(report)}"
        report.outcome = "failed"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)


def _note(reason: str) -> None:
    """Hand the reason to make test's closing list; with xdist only the controller sees reports twice, so it alone writes."""
    skips = os.environ.get("AIFCTL_SKIPS")
    if skips and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(skips).open("a", encoding="utf-8") as file:
            file.write(f"{reason}\n")
