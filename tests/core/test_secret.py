"""A secret is seen by whoever asks for it by name, and by nobody else."""

from __future__ import annotations

from aifctl.core.secret import Secret


def test_a_secret_shows_its_value_only_when_it_is_revealed() -> None:
    secret = Secret(b"hunter2")
    assert secret.reveal() == b"hunter2"
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret]), "%s" % secret]  # noqa: UP031 - each way
    assert {"hunter2" in text for text in shown} == {False}


def test_a_secret_has_no_dictionary_that_a_dump_would_show() -> None:
    assert not hasattr(Secret(b"hunter2"), "__dict__")
