"""A value that must not be seen: its repr and str are masked, only `reveal` gives it."""

from __future__ import annotations


class Secret:
    """Bytes that never appear in a message, a journal, a repr or a pickle that is printed."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__
