"""A password prompt found in a stream that comes in pieces, and cut out of it."""

from __future__ import annotations


class PromptFinder:
    """Splits stderr at a prompt; what may be the beginning of one is held back until more has come."""

    __slots__ = ("_held", "_prompt")

    def __init__(self, prompt: bytes) -> None:
        self._prompt, self._held = prompt, b""

    def take(self, data: bytes) -> tuple[bytes, int]:
        """Return what is no prompt, and how many prompts were cut out."""
        data = self._held + data
        parts = data.split(self._prompt)
        last = parts[-1]
        kept = self._possible_beginning(last)
        self._held = last[len(last) - kept :]
        parts[-1] = last[: len(last) - kept]
        return b"".join(parts), len(parts) - 1

    def rest(self) -> bytes:
        """Return what was held back, at the end of the stream."""
        held, self._held = self._held, b""
        return held

    def _possible_beginning(self, data: bytes) -> int:
        longest = min(len(data), len(self._prompt) - 1)
        return next((size for size in range(longest, 0, -1) if self._prompt.startswith(data[-size:])), 0)
