"""What lean connections take from inside asyncssh is still there and still means the same; fails where an upgrade moved it."""

from __future__ import annotations

import asyncio
import inspect
from importlib import metadata

import pytest
from asyncssh import encryption, kex, kex_dh, packet
from asyncssh.connection import SSHClientConnection, SSHConnection
from asyncssh.public_key import SSHKey

from aifctl.transport.ssh.connection import LeanConnection
from aifctl.transport.ssh.prepared import Pristine, make_options

#: Attributes that the lean connection reads or sets beside asyncssh's own methods.
_ATTRIBUTES = """
_auth_complete _banner_lines _can_recv_ext_info _channels _client_kexinit _client_version _close_event _cmp_alg_cs
_cmp_alg_sc _deferred_packets _enc_alg_cs _enc_alg_sc _enc_algs _global_request_waiters _host _ignore_first_kex _inpbuf
_kex _kex_algs _kex_complete _kexinit_sent _loop _mac_alg_cs _mac_alg_sc _mac_algs _next_recv_blocksize
_next_recv_encryption _next_recv_macsize _packet _pktlen _port _recv_blocksize _recv_encryption _recv_handler
_recv_macsize _recv_seq _rekey_bytes _rekey_bytes_sent _send_blocksize _send_enchdrlen _send_encryption _send_seq
_server_host_key_algs _server_kexinit _server_version _session_id _strict_kex _tasks _transport _username
""".split()  # noqa: SIM905 - forty names read better so

#: Methods that it replaces (and must therefore be what asyncssh calls) or calls.
_REPLACED = """
connection_made data_received eof_received resume_writing abort send_packet send_newkeys send_service_request
validate_server_host_key _send _send_kexinit _recv_data _recv_version _force_close _cleanup _reap_task
""".split()  # noqa: SIM905 - as above
_CALLED = """
add_channel remove_channel create_task start_sftp_client _choose_alg _choose_signature_alg _get_extra_kex_algs
_process_global_response _send_deferred_packets _send_disconnect get_hash_prefix
""".split()  # noqa: SIM905 - as above


def test_the_version_is_the_one_that_was_read() -> None:
    assert metadata.version("asyncssh").rsplit(".", 1)[0] == "2.24"


def test_every_attribute_that_is_used_is_set_by_the_constructor() -> None:
    async def attributes() -> set[str]:
        return set(vars(SSHClientConnection(asyncio.get_running_loop(), make_options("root"))))

    assert set(_ATTRIBUTES) - asyncio.run(attributes()) == set()


@pytest.mark.parametrize("name", _REPLACED)
def test_every_method_that_is_replaced_exists_with_the_same_parameters(name: str) -> None:
    theirs = list(inspect.signature(getattr(SSHClientConnection, name)).parameters)
    ours = list(inspect.signature(getattr(LeanConnection, name)).parameters)
    assert ours == theirs


@pytest.mark.parametrize("name", _CALLED)
def test_every_method_that_is_called_exists(name: str) -> None:
    assert callable(getattr(SSHClientConnection, name))


def test_the_first_key_exchange_is_started_by_sending_its_init() -> None:
    assert "self._send_init()" in inspect.getsource(kex_dh._KexECDH.start)
    assert list(inspect.signature(kex.get_kex).parameters) == ["conn", "alg"]


def test_keys_are_derived_and_packets_sealed_as_before() -> None:
    assert list(inspect.signature(kex.Kex.compute_key).parameters) == ["self", "k", "h", "x", "session_id", "keylen"]
    seal = list(inspect.signature(encryption.Encryption.encrypt_packet).parameters)
    assert seal == ["self", "seq", "header", "packet"]
    opening = list(inspect.signature(encryption.Encryption.decrypt_packet).parameters)
    assert opening == ["self", "seq", "first", "rest", "header_len", "mac"]
    assert list(inspect.signature(packet.SSHPacket.get_bytes).parameters) == ["self", "size"]


def test_handlers_of_other_messages_are_found_by_their_number() -> None:
    assert {1, 3, 7, 20, 21, 81, 82, 91, 92} <= set(SSHConnection._packet_handlers)


def test_connections_share_settings_but_no_state() -> None:
    class Trust:
        algorithms = (b"ssh-ed25519",)

        def verify(self, key_data: bytes) -> SSHKey:
            raise NotImplementedError

    async def two() -> tuple[LeanConnection, LeanConnection]:
        pristine = Pristine(asyncio.get_running_loop(), make_options("root"))
        one, other = (LeanConnection(pristine, Trust(), (), host="h", port=22) for _ in range(2))
        return one, other

    one, other = asyncio.run(two())
    mutable = (list, dict, set, bytearray, asyncio.Event)
    shared = [
        name
        for name, value in vars(one).items()
        if isinstance(value, mutable) and vars(other)[name] is value and name not in {"_kex_algs", "_enc_algs"}
    ]
    settings = {"_mac_algs", "_cmp_algs", "_sig_algs", "_preferred_auth", "_auth_methods"}
    assert set(shared) <= settings
    assert one._recv_handler == one._recv_version
