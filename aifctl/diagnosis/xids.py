"""What each Xid means and asks for, as data; no line of code elsewhere knows a number but those that are one event.

Sources: NVIDIA's Xid catalogue (its tables of Xids and of resolution buckets, as of R580) for `immediate`,
`investigate`, `on_h100` and `since_driver`; where that says a workflow or nothing, the result is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aifctl.diagnosis.finding import Action, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class XidMeaning:
    """One Xid.

    Attributes:
        meaning: one line, for a person.
        immediate, investigate: NVIDIA's own recommendation; "" where its catalogue gives none.
        since_driver: the branch from which on Xid 154 tells what it asks for; 0 where it does not.
        rank: of several within one event the highest is the cause; the others follow from it.
        again: in a second boot the GPU is to be replaced, and what kind of fault it is then; "" of others.
        repeats: often on one GPU alone it is the GPU, and not the job (13: the same GPC and TPC).
    """

    number: int
    meaning: str
    immediate: str
    investigate: str
    result: Result
    action: Action
    on_h100: bool = True
    since_driver: int = 0
    rank: int = 0
    repeats: bool = False
    again: str = ""

    @property
    def by_job(self) -> bool:
        """Whether NVIDIA has the application looked at, as long as it does not come back on one GPU alone."""
        return self.action is Action.APP and (self.repeats or self.investigate == _LOOK_AT_APP)


def meaning_of(number: int) -> XidMeaning:
    """Return what is known of an Xid; of one that nobody has heard of that it is to be watched."""
    return XIDS.get(number) or XidMeaning(
        number=number,
        meaning="an Xid that is in no catalogue we know",
        immediate="",
        investigate="CONTACT_SUPPORT",
        result=Result.WATCH,
        action=Action.WATCH,
        on_h100=False,
        rank=_RANK_WATCH,
    )


#: What counts as one event: an uncorrectable memory error and all that comes of it.
MEMORY = frozenset({48, 63, 64, 92, 94, 95, 140, 171, 172})
#: Of the links to other GPUs: with an SXid the switch is where to look.
NVLINK = frozenset({74, 136, 137})
#: The one whose line has words about its link (nvlink_words).
NVLINK_ERROR = 74
#: The driver's own word on what to do.
RECOVERY_ACTION = 154
#: Kinds of fault that others than an Xid tell as well (Check.again).
OFF_BUS, INIT = "off the bus", "not started"

_LOOK_AT_APP = "CHECK_APP/CUDA"
_RANK_IGNORED, _RANK_WATCH, _RANK_APP = 0, 10, 20

_RESET, _REBOOT, _DRAIN, _CABLE = (
    (Result.FAULT, action) for action in (Action.RESET, Action.REBOOT, Action.DRAIN, Action.CABLE)
)
_APP = (Result.WATCH, Action.APP)
_WATCH = (Result.WATCH, Action.WATCH)
_IGNORE = (Result.OK, Action.NONE)

_Verdict = tuple[Result, Action]


def _row(
    number: int, verdict: _Verdict, rank: int, meaning: str, immediate: str, investigate: str = "CONTACT_SUPPORT",
    *, since: int = 0, repeats: bool = False, again: str = "",
) -> XidMeaning:  # fmt: skip
    return XidMeaning(
        number=number,
        meaning=meaning,
        immediate=immediate,
        investigate=investigate,
        result=verdict[0],
        action=verdict[1],
        since_driver=since,
        rank=rank,
        repeats=repeats,
        again=again,
    )


def _severe() -> Iterable[XidMeaning]:
    yield _row(79, _REBOOT, 100, "the GPU has fallen off the bus", "RESTART_BM", since=565, again=OFF_BUS)
    yield _row(167, _DRAIN, 95, "the GPU's PCIe link has timed out for good", "", "")
    yield _row(140, _RESET, 90, "an ECC error that the driver could not recover from", "RESET_GPU")
    yield _row(48, _RESET, 88, "an uncorrectable ECC error", "WORKFLOW_XID_48", "WORKFLOW_XID_48", since=565)
    yield _row(64, _RESET, 86, "remapping a bad memory row has failed", "RESET_GPU", since=565, again="remapping")
    yield _row(95, _RESET, 84, "a memory error that was not contained", "RESET_GPU", "IGNORE", since=565)
    yield _row(169, _DRAIN, 80, "the GPU's security controller has halted", "", "")
    yield _row(143, _REBOOT, 78, "the GPU could not be initialised", "RESET_GPU", since=575, again=INIT)
    yield _row(62, _RESET, 76, "the GPU's power controller has halted", "RESET_GPU", since=565)
    yield _row(120, _RESET, 74, "the GPU's system processor has failed", "RESET_GPU", "INVESTIGATE_SW", since=565)
    yield _row(119, _RESET, 72, "the GPU's system processor does not answer", "RESET_GPU", "INVESTIGATE_SW")
    yield _row(158, _RESET, 70, "a part of the GPU has timed out for good", "RESET_GPU")
    yield _row(110, _RESET, 68, "a security fault in the GPU", "RESET_GPU", "INVESTIGATE_SW", since=565)
    yield _row(136, _RESET, 66, "an NVLink could not be trained", "RESET_GPU", "INVESTIGATE_LINK_SI", since=565)
    yield _row(74, _DRAIN, 64, "an NVLink has failed", "WORKFLOW_NVLINK_ERR", since=565)
    yield _row(109, _RESET, 60, "switching between contexts has timed out", "RESET_GPU", since=570)
    yield _row(46, _RESET, 58, "the GPU has stopped processing", "RESET_GPU")
    yield _row(156, _RESET, 56, "a part of the GPU was retired and needs a reset", "RESET_GPU", "IGNORE", since=565)
    yield _row(54, _CABLE, 54, "auxiliary power is not connected to the board", "CHECK_MECHANICALS")


def _mild() -> Iterable[XidMeaning]:
    yield _row(63, _WATCH, 16, "a memory row waits to be remapped at the next reset", "IGNORE", "IGNORE", since=565)
    yield _row(94, _APP, 18, "a memory error that was contained to its process", "RESTART_APP", "IGNORE", since=565)
    yield _row(92, _WATCH, 12, "many corrected memory errors", "IGNORE")
    yield _row(171, _WATCH, 15, "an uncorrectable error was in the HBM", "", "")
    yield _row(172, _WATCH, 15, "an uncorrectable error was in the GPU's SRAM", "", "")
    yield _row(157, _WATCH, 14, "no spare is left to retire a part of the GPU to", "IGNORE")
    yield _row(168, _WATCH, 14, "bad memory could not be remapped since ECC is off", "", "")
    yield _row(78, _WATCH, 12, "a virtual GPU did not start", "UPDATE_SWFW", "UPDATE_SWFW")
    yield _row(151, _APP, 20, "rotating a key has failed", "RESTART_VM")
    yield _row(45, _WATCH, 5, "work was cleaned up after an earlier error", "WORKFLOW_XID_45", "RESTART_FM")
    yield _row(154, _WATCH, 6, "the driver recommends another recovery action", "XID_154", "")
    yield _row(13, _APP, 24, "the job's kernel has failed", "RESTART_APP", "WORKFLOW_XID_13", repeats=True)
    yield _row(31, _APP, 26, "the job has touched memory that is not its own", "RESTART_APP", "WORKFLOW_XID_31", repeats=True)  # fmt: skip
    for number, meaning in _JOBS.items():
        yield _row(number, _APP, _RANK_APP, meaning, "RESTART_APP", _INVESTIGATED.get(number, "CONTACT_SUPPORT"))
    for number, meaning in _IGNORED.items():
        investigate = _INVESTIGATED.get(number, "CONTACT_SUPPORT")
        yield _row(number, _IGNORE, _RANK_IGNORED, meaning, "IGNORE", investigate)


_JOBS: Mapping[int, str] = {
    8: "the GPU has stopped processing",
    11: "the job has sent a broken command",
    25: "the job has sent an illegal command",
    32: "the job's commands were broken on their way",
    60: "an error of the video processor",
    69: "the job has used the graphics engine wrongly",
    80: "data were broken on their way to the GPU",
    **dict.fromkeys((39, 40, 41, 70, 71, 72, 75, 76, 77, 85), "an error of a copy engine"),
    **dict.fromkeys((68, 83, 84, 88, 89, 96, 97, 98), "an error of a video decoder"),
    **dict.fromkeys((82, 99, 100, 101, 102, 103, 104, 105), "an error of a JPEG decoder"),
    86: "an error of the optical flow engine",
}

_IGNORED: Mapping[int, str] = {
    14: "an error that somebody has made up",
    37: "the driver's firmware was asked for what it does not know",
    38: "the driver's firmware was late",
    43: "the job was ended for its own error",
    44: "an error while switching between contexts",
    66: "the driver has touched what it may not",
    67: "the driver has touched what it may not",
    106: "a test message",
    107: "a silent test message",
    108: "a remote NVLink address could not be translated",
    137: "the job has touched another GPU's memory that is not its own",
    141: "an error on CUDA's fast path",
}

_INVESTIGATED: Mapping[int, str] = {
    **dict.fromkeys((11, 25, 32, 37, 69, 80), _LOOK_AT_APP),
    **dict.fromkeys((60, 66), "INVESTIGATE_SW"),
    **dict.fromkeys((106, 107), "IGNORE"),
    **dict.fromkeys((108, 137), "XID_137_FLOW"),
}

#: In the catalogue, and not for an H100: there it is watched, and told to be unexpected.
_NOT_H100: Mapping[int, str] = {
    93: "the InfoROM has been written too often",
    121: "corrected errors of the link to the CPU",
    **dict.fromkeys((126, 127, 128, 129, 130, 131, 132, 133, 134, 135), "an error of a copy engine"),
    139: "an error of the optical flow engine",
    142: "an error of a video encoder",
    **dict.fromkeys((144, 145, 146, 147, 148, 149, 150), "an error of an NVLink of the fifth generation"),
    155: "an NVLink was taken down by software",
    159: "an error of the link to the CPU",
    160: "a memory channel was retired",
    161: "retiring a memory channel has failed",
    162: "power smoothing works again",
    163: "power smoothing has stopped",
    164: "power smoothing is near the end of its life",
    165: "power smoothing is at the end of its life",
    166: "traffic on an NVLink before it was encrypted",
    170: "an interrupt of an encrypted NVLink",
}


def _all() -> Iterable[XidMeaning]:
    yield from _severe()
    yield from _mild()
    for number, meaning in _NOT_H100.items():
        yield XidMeaning(
            number=number,
            meaning=meaning,
            immediate="",
            investigate="CONTACT_SUPPORT",
            result=Result.WATCH,
            action=Action.WATCH,
            on_h100=False,
            rank=_RANK_WATCH,
        )


XIDS: Mapping[int, XidMeaning] = {one.number: one for one in _all()}
