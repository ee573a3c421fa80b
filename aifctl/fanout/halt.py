"""How signal handlers and `runs stop` ask a run to end: politely the first time, at once the second."""

from __future__ import annotations

from collections.abc import Callable

from aifctl.core.exit_codes import ExitCode


class Halt:
    """Made before the run, so that a signal that comes early is not lost; call it from the event loop's thread.

    Attributes:
        asked: the first request's code; None while nobody has asked.
        at_once: a second request came.
    """

    def __init__(self) -> None:
        self.asked: ExitCode | None = None
        self.at_once = False
        self._listener: Callable[[], None] | None = None

    def request(self, why: ExitCode) -> None:
        """Ask: first, nothing more is dispatched, what runs is ended and its results still arrive; again, leave now."""
        if self.asked is None:
            self.asked = why
        else:
            self.at_once = True
        if self._listener:
            self._listener()

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Call `listener` on each request, and now if there has been one."""
        self._listener = listener
        if listener and self.asked is not None:
            listener()
