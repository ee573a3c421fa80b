"""--exclude, --first and --sample: what is left of a selection."""

from __future__ import annotations

from collections.abc import Collection

from aifctl.core.errors import EmptySelectionError, UsageError


def narrow(
    names: tuple[str, ...],
    *,
    exclude: Collection[str] = (),
    first: int | None = None,
    sample: int | None = None,
    seed: str = "",
    allow_empty: bool = False,
) -> tuple[str, ...]:
    """Return what is left of the names, in their order: first `exclude` goes, then `first` or `sample` counts.

    Raises:
        EmptySelectionError: there were names, all of them are excluded, and `allow_empty` is not given.
        UsageError: a count below 1, or both counts.
    """
    if first is not None and sample is not None:
        raise UsageError("--first and --sample can't both choose; give one of them")
    if (count := first if sample is None else sample) is not None and count < 1:
        raise UsageError(f"--{'first' if sample is None else 'sample'} {count} would leave no node; give 1 or more")
    out = frozenset(exclude)
    left = tuple(name for name in names if name not in out) if out else names
    if names and not left and not allow_empty:
        raise EmptySelectionError(f"--exclude leaves none of the {len(names)} selected nodes")
    return left[:first] if sample is None else draw(left, sample, seed=seed)


def draw(names: tuple[str, ...], count: int, *, seed: str = "") -> tuple[str, ...]:
    """Return a random sample, in the order of the names; the same seed draws the same nodes on every machine.

    Each name is drawn by its own hash: when a node joins or leaves, at most one other node of the sample changes.
    """
    from hashlib import blake2b  # noqa: PLC0415 - 4 ms (OpenSSL) that only --sample pays

    drawn = sorted(names, key=lambda name: blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest())[:count]
    kept = frozenset(drawn)
    return tuple(name for name in names if name in kept)
