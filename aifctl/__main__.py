"""The `aifctl` command, and python -m aifctl: Ctrl-C while the rest is still loading is a sentence, too."""

from __future__ import annotations

import signal


def console() -> None:
    """Run, and end the process; loads nothing before it listens."""
    try:
        from aifctl import main  # noqa: PLC0415  a third of what a light command takes, and Ctrl-C may come meanwhile
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        from aifctl import main  # noqa: PLC0415  what was cut short

        main.console(stopped=True)
    main.console()


if __name__ == "__main__":
    console()
