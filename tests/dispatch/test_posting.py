"""Calling an address that nobody may see: what arrives, what is said when it does not, and how long that may take."""

from __future__ import annotations

import urllib.error
from email.message import Message
from pathlib import Path

import pytest

from aifctl.core.secret import Secret
from aifctl.dispatch.posting import Letter, call_out
from tests.fakes.receiver import Receiver, certificate, listening

LETTER = Letter(body=b'{"a":1}', headers={"Content-Type": "application/json"})


def secret(text: str) -> Secret:
    return Secret(text.encode())


def test_a_letter_arrives_with_its_body_and_its_headers() -> None:
    with listening() as receiver:
        assert call_out(secret(f"{receiver.address}/x/token"), LETTER, what="it").problem == ""
    (one,) = receiver.letters
    assert (one.path, one.body, one.headers["content-type"]) == ("/x/token", b'{"a":1}', "application/json")
    assert one.headers["user-agent"] == "aifctl"


def test_a_user_in_the_address_becomes_a_header_and_is_left_out_of_the_request() -> None:
    with listening() as receiver:
        address = receiver.address.replace("http://", "http://bot:p%40ss@")
        assert call_out(secret(f"{address}/x"), LETTER, what="it").problem == ""
    (one,) = receiver.letters
    assert one.headers["authorization"] == "Basic Ym90OnBAc3M="
    assert "bot" not in one.headers["host"]


def test_a_receiver_that_wants_to_be_left_alone_is_heard() -> None:
    with listening(Receiver(statuses=[429], headers={"Retry-After": "90"})) as receiver:
        reply = call_out(secret(f"{receiver.address}/token"), LETTER, what="slack")
    assert (reply.problem, reply.status, reply.retry_after_s) == ("slack was not sent: it answered 429", 429, 90.0)


def test_what_is_posted_is_not_sent_elsewhere_by_a_redirect() -> None:
    with listening(Receiver(statuses=[302], headers={"Location": "/other"})) as receiver:
        assert call_out(secret(receiver.address), LETTER, what="it").problem == "it was not sent: it answered 302"
    assert len(receiver.letters) == 1


def test_a_certificate_must_be_vouched_for(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with listening(tls=pem) as receiver:
        stranger = call_out(secret(receiver.address), LETTER, what="it")
        known = call_out(secret(receiver.address), Letter(body=b"{}", ca_file=str(pem)), what="it")
        no_file = call_out(secret(receiver.address), Letter(body=b"{}", ca_file="/nonexistent"), what="it")
    assert stranger.problem.startswith("it was not sent: its certificate is not to be trusted: self")
    assert known.problem == ""
    assert no_file.problem == "it was not sent: No such file or directory"
    assert len(receiver.letters) == 1


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
        (urllib.error.HTTPError("https://x/token", 503, "token", Message(), None), "it answered 503"),
        (ValueError("bad token"), "ValueError"),
        (ZeroDivisionError("token"), "ZeroDivisionError"),
    ],
)
def test_what_goes_wrong_is_one_sentence_without_the_address(problem: Exception, sentence: str) -> None:
    def send(_: str, __: Letter) -> None:
        raise problem

    assert call_out(secret("https://x/token"), LETTER, what="it", send=send).problem == f"it was not sent: {sentence}"
