"""A node's result as a record of the journal, however much the node has said."""

from __future__ import annotations

import base64
from json.encoder import encode_basestring_ascii as quoted  # what json.dumps uses for a text, in C

from aifctl.fanout.journal_files import SideFiles
from aifctl.fanout.journal_format import FILE_KEY, OUTPUT, RECORD_BYTES, seal_record, to_json
from aifctl.ports.work import NodeResult, Output

#: A message, detail or traceback longer than this stands in a file, so that the rest of the record always fits.
_INLINE_FACT_BYTES = 700
# What a stream's object takes beside the bytes themselves: keys, size, digest, a path's key.
_STREAM_BYTES = 180
_CRC_BYTES = 32
_MOST_SURVIVORS = 32
_MOST_SIGNAL = 16

#: The longest slim record, without the node's name: every number at its widest.
SLIM_BYTES = 400


class EndRecords:
    """Builds the end records of one run. Equal outputs are kept once: in a file, or in the first record that has them."""

    def __init__(self, files: SideFiles) -> None:
        self._files = files
        self._outputs = str(files.folder / OUTPUT)
        self._kept: set[str] = set()

    def full(self, result: NodeResult, at: float) -> bytes:
        """Return all of a result as one record of at most 4 KB; OSError where what does not fit can't be put aside."""
        body = _essence(result, at) + self._facts(result)
        for stream, output in (("stdout", result.stdout), ("stderr", result.stderr)):
            if output.bytes_count:
                room = RECORD_BYTES - len(body) - _CRC_BYTES - _STREAM_BYTES * 2
                body += f',"{stream}":{self._output(output, room)}'
        return seal_record(body)

    def _facts(self, result: NodeResult) -> str:
        parts = []
        if result.message:
            parts.append(f',"message":{self._fact(quoted(result.message))}')
        if result.detail:
            parts.append(f',"detail":{self._fact(to_json(dict(result.detail)))}')
        if result.trace:
            parts.append(f',"trace":{self._fact(quoted(result.trace))}')
        if result.attempts != 1:
            parts.append(f',"attempts":{result.attempts:d}')
        if result.survivors != ():
            parts.append(f',"survivors":{to_json(result.survivors and result.survivors[:_MOST_SURVIVORS])}')
        return "".join(parts)

    def _fact(self, text: str) -> str:
        if len(text) <= _INLINE_FACT_BYTES:
            return text
        return f'{{"{FILE_KEY}":"{self._files.keep_facts(text.encode("ascii"))}"}}'

    def _output(self, output: Output, room: int) -> str:
        body = f'{{"bytes":{output.bytes_count:d},"sha256":"{output.sha256}"'
        if output.truncated:
            body += ',"truncated":true'
        return f"{body}{self._where(output, room)}}}"

    def _where(self, output: Output, room: int) -> str:
        """Say where the kept bytes are: here, in a file, or, by saying nothing, wherever the digest was first."""
        if output.inline is None:
            return self._file(output)
        if output.sha256 in self._kept and not output.truncated:
            return ""
        text = _as_text(output.inline)
        if output.truncated:  # its digest is that of more than is kept, so that nobody may refer to it
            return text if len(text) <= room else self._own_file(output)
        if len(text) > room:
            self._files.keep_output(output.sha256, output.inline)
            text = ""
        self._kept.add(output.sha256)
        return text

    def _file(self, output: Output) -> str:
        folder, _, name = (output.path or "").rpartition("/")
        if folder != self._outputs:
            return f',"path":{self._fact(quoted(output.path or ""))}'
        return "" if name == output.sha256 else f',"file":{quoted(name)}'

    def _own_file(self, output: Output) -> str:
        name = f"{output.sha256}.{len(output.inline or b'')}"
        self._files.keep_output(name, output.inline or b"")
        return f',"file":"{name}"'


def slim(result: NodeResult, at: float) -> bytes:
    """Return what must be known of a result and no more: the record that a full disk still has room for."""
    return seal_record(_essence(result, at) + ',"slim":true')


def _essence(result: NodeResult, at: float) -> str:
    body = f'{{"t":"end","node":{quoted(result.node)},"at":{at:.6f},"outcome":"{result.outcome.value}"'
    if result.rc is not None:
        body += f',"rc":{result.rc:d}'
    if result.signal is not None:
        body += f',"signal":{quoted(result.signal[:_MOST_SIGNAL])}'
    if result.started_at:
        body += f',"started_at":{result.started_at:.6f},"duration_s":{result.duration_s:.6f}'
    return body


def _as_text(data: bytes) -> str:
    """Return the bytes exactly, as JSON text where they are UTF-8 and as base64 where they aren't."""
    try:
        return f',"text":{quoted(data.decode("utf-8"))}'
    except UnicodeDecodeError:
        return f',"base64":"{base64.b64encode(data).decode("ascii")}"'
