"""A process that writes a run until SIGTERM, and then seals it: `python -m tests.ops.run_to_stop FOLDER [stubborn]`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from aifctl.core.exit_codes import ExitCode
from aifctl.core.outcome import Outcome
from aifctl.core.state_dir import StateDir
from tests.fanout.journal_fakes import begin, failed, tally


def main(folder: Path, *, stubborn: bool) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    with begin(StateDir(path=folder), ["n1", "n2"]) as journal:
        journal.start("n1")
        sys.stdout.write("running\n")
        sys.stdout.flush()
        signal.sigwait([signal.SIGTERM])
        if stubborn:
            signal.sigwait([signal.SIGTERM])
        journal.end(failed("n1", Outcome.CANCELLED))
        journal.stop("SIGTERM")
        journal.seal(tally(ExitCode.SIGTERM, cancelled=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), stubborn="stubborn" in sys.argv)
