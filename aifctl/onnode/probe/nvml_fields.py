"""NVML's field values: many numbers in one call, each with its own error code (ids: nvml.h, NVML_FI_DEV_*)."""

from .nvml_asking import INVALID_ARGUMENT, NOT_SUPPORTED, VERSION_MISMATCH, Asking, Refused, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Sequence, Tuple, Union

    _Field = Union[int, Tuple[int, int]]

RECOVERY_ACTION, NVLINK_SPEED, NVLINK_COUNT = 230, 90, 91
_RETIRED = (29, 30, 31)  # for single-bit, for double-bit errors, pending
_SW_POWER_CAP, _MEMORY_TEMPERATURE, _PCIE_REPLAY = 74, 82, 94
_REMAPPED = tuple(range(142, 146))
_PCIE_ERRORS = tuple(range(173, 184))
_TLIMITS = tuple(range(193, 197))
_THROTTLED = (269, 270, 271)  # ns: SW thermal, HW thermal, HW power brake

FIELDS = (
    RECOVERY_ACTION,
    *_RETIRED,
    _SW_POWER_CAP,
    _MEMORY_TEMPERATURE,
    NVLINK_SPEED,
    NVLINK_COUNT,
    _PCIE_REPLAY,
    *_REMAPPED,
    *_PCIE_ERRORS,
    *_TLIMITS,
    *_THROTTLED,
)

#: Which member of the union holds the value, by nvmlValueType_t.
_MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}

#: One field that the driver does not know has spoilt the whole batch.
_SPOILT = (INVALID_ARGUMENT, NOT_SUPPORTED, VERSION_MISMATCH)


def read_fields(asking: Asking, handle: "Any") -> "Dict[str, Any]":
    """Return {"fields": {id: number or {"!": code}}}."""
    try:
        values = ask_fields(asking, handle, FIELDS)
    except Refused as refused:
        return {"fields": {"!": refused.code}}
    return {"fields": {str(field): values[at] for at, field in enumerate(FIELDS)}}


def ask_fields(asking: Asking, handle: "Any", fields: "Sequence[_Field]") -> "List[Any]":
    """Return a number or {"!": code} for each field, an id or an (id, scope)."""
    try:
        return _ask_together(asking, handle, fields)
    except Refused as refused:
        if refused.code not in _SPOILT or len(fields) == 1:
            raise
    return [told(lambda field=field: _ask_together(asking, handle, [field])[0]) for field in fields]


def _ask_together(asking: Asking, handle: "Any", fields: "Sequence[_Field]") -> "List[Any]":
    values = asking.call("nvmlDeviceGetFieldValues", handle, list(fields))
    return [told(_number, value) for value in values]


def _number(value: "Any") -> "Union[int, float]":
    if value.nvmlReturn != 0:
        raise Refused(value.nvmlReturn)
    member = _MEMBERS.get(value.valueType)
    if member is None:
        raise Refused("value-type-{}".format(value.valueType))
    return getattr(value.value, member)  # type: ignore[no-any-return]
