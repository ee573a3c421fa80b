"""What a value must look like: text → value, BadValueError with the reason otherwise."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from aifctl.fleet.lifecycle import State
from aifctl.fleet.nearest import nearest
from aifctl.roster.patterns import BadValueError

Convert = Callable[[str], object]

_NODE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+/-]{0,127}")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,62}")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\+-]{0,63}\$?")
_DNS = re.compile(r"(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^/:@\[\]]+)(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?")
_JUMP = re.compile(r"(?:(?P<user>[^@,\s]+)@)?(?P<address>\[[^\]]+\]|[^@:,\s]+)(?::(?P<port>\d+))?")
_HEX = re.compile(r"[0-9a-f]+")
_KEY_TYPE = re.compile(
    r"(ssh-(rsa|ed25519|ed448|dss)|ecdsa-sha2-nistp\d+|sk-[a-z0-9@.-]+|[a-z0-9-]+-cert-v01@openssh\.com)"
)
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9]{1,63}")
_YES, _NO = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_MAX_PORT = 65535
_MAX_TEXT = 1024
_MAC_DIGITS, _GUID_DIGITS = 12, 16
_BMC_KINDS = ("redfish", "console")

_CREDENTIAL_WORDS = frozenset(
    [
        "password",
        "passwd",
        "passwords",
        "passphrase",
        "pwd",
        "pass",
        "secret",
        "secrets",
        "token",
        "apikey",
        "privatekey",
        "credential",
        "credentials",
    ]
)
_REFERENCE_WORDS = frozenset({"file", "path", "command", "cmd", "ref", "fd"})
_CREDENTIAL_TEXT = re.compile(
    r"PRIVATE KEY-----|://[^/\s:@]*:[^/\s@]+@|\bsshpass\s+(?:\S+\s+)?-p|(?<![\w.])[\w.-]+:[^\s:@/,\[\]]+@[\w.\[]",
    re.ASCII,
)


def is_credential_key(key: str) -> bool:
    """Return whether a key names a secret itself, and not a file or command that holds it."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", key)]
    joined = "".join(words)
    if words and words[-1] in _REFERENCE_WORDS:
        return False
    return bool(_CREDENTIAL_WORDS & {*words, joined}) or joined.endswith(("password", "passwd", "apikey", "privatekey"))


def holds_credential(text: str) -> bool:
    """Return whether a private key, a URL or login with a password, or sshpass -p stands in it."""
    return bool(_CREDENTIAL_TEXT.search(text))


def parse_text(text: str) -> str:
    if not text or len(text) > _MAX_TEXT or not text.isprintable():
        raise BadValueError(f"{_shown(text)} must be one line of 1 to {_MAX_TEXT} printable characters")
    return text


def parse_node_name(text: str) -> str:
    if not _NODE.fullmatch(text):
        raise BadValueError(f"{_shown(text)} is no node name; letters, digits, dots, dashes and underscores make one")
    return text


def parse_word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise BadValueError(f"{_shown(text)} is no name; letters, digits and . _ - + : / make one, and no spaces")
    return text


def parse_key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise BadValueError(f"{_shown(text)} is no key; letters, digits, dots, dashes and underscores make one")
    return text


def parse_user(text: str) -> str:
    if not _USER.fullmatch(text):
        raise BadValueError(f"{_shown(text)} is no user name")
    return text


def parse_address(text: str) -> str:
    """Take an IPv4 or IPv6 address (brackets go) or a DNS name."""
    if ":" in text:
        return _parsed_by(IPv6Address, text.removeprefix("[").removesuffix("]"), "IPv6 address", text)
    if re.fullmatch(r"[\d.]+", text):
        return _parsed_by(IPv4Address, text, "IPv4 address", text)
    if not _DNS.fullmatch(text):
        raise BadValueError(f"{_shown(text)} is neither an IP address nor a DNS name")
    return text


def parse_bmc_address(text: str) -> str:
    """Take what parse_address takes, or an http(s) URL."""
    if "://" not in text:
        return parse_address(text)
    match = _URL.fullmatch(text)
    if not match:
        raise BadValueError(f"{_shown(text)} is no BMC address; write 10.9.0.1 or https://10.9.0.1:8443")
    parse_address(match[1])
    return text


def parse_bmc_kind(text: str) -> str:
    return _one_of(text, _BMC_KINDS, "BMC kind")


def parse_state(text: str) -> str:
    return _one_of(text, tuple(state.value for state in State), "state")


def parse_port(text: str) -> int:
    number = parse_count(text)
    if number > _MAX_PORT:
        raise BadValueError(f"{number} is no TCP port; they end at {_MAX_PORT}")
    return number


def parse_count(text: str) -> int:
    """Take a number from 1 up; ten million is enough for whatever an inventory counts."""
    if not re.fullmatch(r"\d{1,7}", text, re.ASCII) or int(text) == 0:
        raise BadValueError(f"{_shown(text)} is not a number from 1 up")
    return int(text)


def parse_flag(text: str) -> bool:
    if text.lower() not in _YES | _NO:
        raise BadValueError(f"{_shown(text)} is neither true nor false")
    return text.lower() in _YES


def parse_mac(text: str) -> str:
    """Take a MAC in any spelling; returns aa:bb:cc:dd:ee:ff."""
    digits = _hardware_digits(text, _MAC_DIGITS, "MAC address; write aa:bb:cc:dd:ee:ff")
    return ":".join(digits[at : at + 2] for at in range(0, _MAC_DIGITS, 2))


def parse_guid(text: str) -> str:
    """Take a port or node GUID in any spelling; returns 0x and 16 digits."""
    return "0x" + _hardware_digits(text, _GUID_DIGITS, "GUID; write 0x and 16 hexadecimal digits")


def parse_jump(text: str) -> str:
    """Take one chain of jump hosts as ssh's ProxyJump writes it: [user@]name[:port], with commas between."""
    for part in text.split(","):
        match = _JUMP.fullmatch(part.strip())
        if not match:
            raise BadValueError(f"{_shown(text)} is no jump chain; write [user@]name[:port], several with commas")
        parse_address(match["address"])
        if match["user"]:
            parse_user(match["user"])
        if match["port"]:
            parse_port(match["port"])
    return re.sub(r"\s*,\s*", ",", text.strip())


def parse_host_key(text: str) -> str:
    """Take a public key line; returns "type base64" without the comment."""
    kind, _, rest = text.strip().partition(" ")
    blob = rest.split(" ", 1)[0]
    try:
        raw = b64decode(blob, validate=True)
    except (Base64Error, ValueError):
        raw = b""
    if not _KEY_TYPE.fullmatch(kind) or not raw.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
        raise BadValueError(f"{_shown(text)} is no public host key; write it as in known_hosts: ssh-ed25519 AAAA…")
    return f"{kind} {blob}"


def parse_option_name(text: str) -> str:
    if not _OPTION.fullmatch(text):
        raise BadValueError(f"{_shown(text)} is no ssh option; write names as ssh_config spells them")
    return text


def _hardware_digits(text: str, count: int, what: str) -> str:
    digits = re.sub(r"[:.\-]", "", text.lower().removeprefix("0x"))
    if len(digits) != count or not _HEX.fullmatch(digits):
        raise BadValueError(f"{_shown(text)} is no {what}")
    return digits


def _one_of(text: str, known: tuple[str, ...], what: str) -> str:
    if text not in known:
        near = nearest(text, known)
        advice = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
        raise BadValueError(f"there is no {what} {_shown(text)}; {advice}")
    return text


def _parsed_by(kind: type[IPv4Address | IPv6Address], text: str, what: str, typed: str) -> str:
    try:
        kind(text)
    except ValueError:
        raise BadValueError(f"{_shown(typed)} is no {what}") from None
    return text


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")  # noqa: PLR2004 - half a terminal's line
