"""Asking NVML one thing at a time: each call in its own try, its error code kept where its value would stand."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional, Tuple, Union

#: NVML's own numbers (nvml.h); the bindings' names for them are not used where the bindings may be a stand-in.
INVALID_ARGUMENT, NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND = 2, 3, 4, 6
DRIVER_NOT_LOADED, LIBRARY_NOT_FOUND, FUNCTION_NOT_FOUND, GPU_IS_LOST = 9, 12, 13, 15
LIBRARY_MISMATCH, VERSION_MISMATCH = 18, 25

#: The driver does not know this spelling of a question; an older one may do.
TOO_OLD = (FUNCTION_NOT_FOUND, VERSION_MISMATCH)

LONGEST_TEXT = 200


class Refused(Exception):  # noqa: N818 - an answer of NVML's, no error of ours
    """NVML answered with an error code, or the bindings could not make sense of its answer (`code` is a name then)."""

    def __init__(self, code: "Union[int, str]") -> None:
        super().__init__(str(code))
        self.code = code


class Asking:
    """NVML's functions by name. `beat` is called after each, so that whoever watches knows NVML is alive."""

    def __init__(self, nvml: "Any", beat: "Optional[Callable[..., None]]" = None) -> None:
        self.nvml, self._beat = nvml, beat

    def call(self, name: str, *arguments: "Any") -> "Any":
        """Return what a function returns.

        Raises:
            Refused: NVML said no, or the answer is none.
        """
        function = getattr(self.nvml, name, None)
        if function is None:
            raise Refused(FUNCTION_NOT_FOUND)
        try:
            return function(*arguments)
        except self.nvml.NVMLError as error:
            raise Refused(error.value) from error
        except Exception as error:  # a text that is no UTF-8, a structure that does not fit: that answer alone is lost
            raise Refused(type(error).__name__) from error
        finally:
            self.alive()

    def first(self, *spellings: "Tuple[Any, ...]") -> "Any":
        """Return what the first spelling that the driver knows returns: (function, arguments...), newest first."""
        refused = Refused(FUNCTION_NOT_FOUND)
        for spelling in spellings:
            try:
                return self.call(*spelling)
            except Refused as error:
                refused = error
                if error.code not in TOO_OLD:
                    raise
        raise refused

    def alive(self) -> None:
        """Tell whoever watches that NVML has answered."""
        if self._beat is not None:
            self._beat()


def told(read: "Callable[..., Any]", *arguments: "Any") -> "Any":
    """Return what a reading gives, JSON-able, or {"!": code} where NVML refused."""
    try:
        return plain(read(*arguments))
    except Refused as refused:
        return {"!": refused.code}


def plain(value: "Any") -> "Any":
    """Make an answer of the bindings JSON-able: bytes become text, pairs lists, long texts shorter."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value
