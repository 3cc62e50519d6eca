"""Evaluation protocols of the data sets: set -> protocol -> training and test part.

>>> sorted(PROTOCOLS["utd_mhad"])
['cross_subject']
>>> Split.of("sbu", "five_fold/1/test").part
'test'
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol as Shape

from usdrl_model.data import catalogue

STANDARD = "standard"
"""Stands for the first protocol of each set."""
PARTS = ("train", "test")


class Described(Shape):
    """What a protocol needs of a clip: a ``ClipIndex`` or a ``Recording``."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str | None: ...  # noqa: D102
    @property
    def label(self) -> str | None: ...  # noqa: D102
    @property
    def tags(self) -> Mapping[str, str]: ...  # noqa: D102


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """A split by the value of ``key``; values in neither part are left out."""

    key: str
    """``subject``, ``name``, or a tag."""
    test: frozenset[str] | None = None
    """Values of the test part; None: all others."""
    train: frozenset[str] | None = None
    """Values of the training part; None: all others."""
    labels: frozenset[str] | None = None
    """Only clips with one of these labels take part; None: all."""
    require: Mapping[str, str] = field(default_factory=dict)
    """Only clips with these tags take part."""

    def value(self, clip: Described) -> str | None:
        """The value of ``key``; None if the clip has none."""
        return {"subject": clip.subject, "name": clip.name}.get(self.key, clip.tags.get(self.key))

    def part(self, clip: Described) -> str | None:
        """Part of a clip: "train", "test", or None for neither."""
        if self.labels is not None and clip.label not in self.labels:
            return None
        if any(clip.tags.get(tag) != value for tag, value in self.require.items()):
            return None
        value = self.value(clip)
        if value is None:
            return None
        if self.test is not None and value in self.test:
            return "test"
        if self.train is not None and value in self.train:
            return "train"
        if self.train is None:
            return "train"
        return "test" if self.test is None else None


@dataclass(frozen=True, slots=True)
class Split:
    """One part of one protocol."""

    protocol: Protocol
    part: str
    held_out: str | None = None
    """Left-out value of a leave-one-out protocol."""

    def has(self, clip: Described) -> bool:
        """Whether a clip is in this part."""
        return self.protocol.part(clip) == self.part

    @classmethod
    def of(cls, dataset: str, text: str) -> Split:
        """Parse ``protocol/part`` or ``protocol/fold/part``.

        Raises:
            ValueError: the set has no such protocol or fold; the message names those it has.
        """
        path, _, part = text.rpartition("/")
        if part not in PARTS or not path:
            raise ValueError(f"split: expected PROTOCOL/train, PROTOCOL/test or PROTOCOL/FOLD/..., got {text!r}")
        table = PROTOCOLS.get(dataset, {})
        if path == STANDARD:
            # A set without a protocol of its own is for training only.
            return cls(next(iter(table.values()), EVERYTHING_TRAINS), part)
        name, _, held_out = path.partition("/")
        if held_out and (key := leave_one_out(dataset).get(name)):
            return cls(Protocol(key=key, test=frozenset([held_out])), part, held_out)
        if path not in table:
            folded = [f"{one}/<{key}>" for one, key in leave_one_out(dataset).items()]
            there = ", ".join([*table, *folded]) or f"only {STANDARD!r}"
            raise ValueError(f"{dataset} has no protocol {path!r}; it has {there}")
        return cls(table[path], part)


def resolved(dataset: str, split: str) -> str:
    """Replace "standard" by the protocol it stands for; empty if that is every clip."""
    path, _, part = split.rpartition("/")
    if path != STANDARD:
        return split
    first = next(iter(PROTOCOLS.get(dataset, {})), "")
    return f"{first}/{part}" if first else ""


def _numbers(text: str, width: int = 3) -> frozenset[str]:
    """Numbers and spans such as "1 2-4", padded with zeros to ``width``."""
    spans = [word.partition("-")[::2] for word in text.split()]
    return frozenset(f"{n:0{width}}" for first, last in spans for n in range(int(first), int(last or first) + 1))


def _folds(key: str, folds: Collection[str]) -> dict[str, Protocol]:
    return {f"five_fold/{n}": Protocol(key=key, test=frozenset(fold.split())) for n, fold in enumerate(folds, start=1)}


def _tagged(tag: str) -> Protocol:
    """Protocol of a set whose files name the split; the importer keeps it as a tag."""
    return Protocol(key=tag, train=frozenset(["train"]), test=frozenset(["test"]))


EVERYTHING_TRAINS = Protocol(key="name", test=frozenset())

_ODD = _numbers("1 3 5 7 9", 2)
_MSR_LISTED = {"listed": "yes"}
_NTU60_TRAIN = _numbers("1 2 4 5 8 9 13-19 25 27 28 31 34 35 38")
_NTU120_TRAIN = _NTU60_TRAIN | _numbers("45-47 49 50 52-59 70 74 78 80-86 89 91-95 97 98 100 103")
_UAV_1_TRAIN = _numbers(
    "0 2 5-8 10-21 25-30 32-40 42-49 50-53 55-57 59 61-65 67-71 73 76-90 98 100 102 103 105 106 110-112 114-118"
)
_UAV_2_TRAIN = _numbers(
    "0 3-6 8 10-12 14 16 18-22 24 26 29-32 35-40 43-47 49 52 54 56 57 59-64 66 67 69-75 77-81 83 84 86-89 91-97"
    " 99-104 106-115 117 118"
)
_CROSS_VIEW = Protocol(key="camera", train=frozenset("23"), test=frozenset("1"))
_JHMDB = {f"split_{n}": _tagged(f"split_{n}") for n in (1, 2, 3)}
_PKU = {
    "cross_subject": _tagged("cross_subject"),
    "cross_view": Protocol(key="camera", train=frozenset("MR"), test=frozenset("L")),
}
_MSR_SUBSETS = {
    "as1": ("horizontal_arm_wave hammer forward_punch high_throw hand_clap bend tennis_serve pick_up_and_throw"),
    "as2": ("high_arm_wave hand_catch draw_x draw_tick draw_circle two_hand_wave side_boxing forward_kick"),
    "as3": ("high_throw forward_kick side_kick jogging tennis_swing tennis_serve golf_swing pick_up_and_throw"),
}

PROTOCOLS: dict[str, dict[str, Protocol]] = {
    # Odd against even subjects; the literature draws ten such halves at random.
    "utkinect": {"cross_subject": Protocol(key="subject", train=_ODD)},
    "utd_mhad": {"cross_subject": Protocol(key="subject", train=frozenset("1357"))},
    "msraction3d": {
        "cross_subject": Protocol(key="subject", train=_ODD, require=_MSR_LISTED),
        **{
            f"cross_subject_{name}": Protocol(
                key="subject", train=_ODD, require=_MSR_LISTED, labels=frozenset(actions.split())
            )
            for name, actions in _MSR_SUBSETS.items()
        },
    },
    "sbu": _folds(
        "set",
        (
            "s01s02 s03s04 s05s02 s06s04",
            "s02s03 s02s07 s03s05 s05s03",
            "s01s03 s01s07 s07s01 s07s03",
            "s02s01 s02s06 s03s02 s03s06",
            "s04s02 s04s03 s04s06 s06s02 s06s03",
        ),
    ),
    # There is no published split; these three are excluded from every training here.
    "msrc12": {"held_out_persons": Protocol(key="subject", test=frozenset(["p13", "p14", "p15"]))},
    "ntu60": {"xsub": Protocol(key="subject", train=_NTU60_TRAIN), "xview": _CROSS_VIEW},
    "ntu120": {
        "xsub": Protocol(key="subject", train=_NTU120_TRAIN),
        "xset": Protocol(key="setup", train=_numbers(" ".join(map(str, range(2, 33, 2))))),
    },
    "ntu60_2d": {name: _tagged(name) for name in ("xsub", "xview")},
    "ntu120_2d": {name: _tagged(name) for name in ("xsub", "xset")},
    "pku_mmd_1": _PKU,
    "pku_mmd_2": _PKU,
    "uav_human": {
        "v1": Protocol(key="subject", train=_UAV_1_TRAIN),
        "v2": Protocol(key="subject", train=_UAV_2_TRAIN),
    },
    "nw_ucla": {"cross_view": Protocol(key="camera", train=frozenset("12"), test=frozenset("3"))},
    "nuisi": {"official": _tagged("part")},
    "jhmdb2d": _JHMDB,
    # By the way in which people move; the styles that move least as usual are for the test.
    "bandai_namco": {
        "everything": EVERYTHING_TRAINS,
        "held_out_styles": Protocol(
            key="style",
            test=frozenset(["angry", "chimpira", "elderly", "exhausted", "giant", "old", "sad", "tired", "youthful"]),
            labels=frozenset(
                [
                    "bow",
                    "bye",
                    "byebye",
                    "dash",
                    "guide",
                    "run",
                    "walk",
                    "walk_back",
                    "walk_left",
                    "walk_right",
                    "walk_turn_left",
                    "walk_turn_right",
                    "raise_up_both_hands",
                    "raise_up_left_hand",
                    "raise_up_right_hand",
                    "wave_both_hands",
                    "wave_left_hand",
                    "wave_right_hand",
                ]
            ),
        ),
    },
    "cmu_mocap": {"held_out_sequence": Protocol(key="name", test=frozenset(["14_20"]))},
}
"""The first protocol of a set is its standard one."""

LEAVE_ONE_OUT: dict[str, dict[str, str]] = {
    "utkinect": {"leave_one_subject_out": "subject", "leave_one_sequence_out": "name"},
    "msrc12": {"leave_one_subject_out": "subject"},
    "cmu_mocap": {"leave_one_sequence_out": "name"},
    "own": {"leave_one_subject_out": "subject", "leave_one_recording_out": "name"},
}
"""Leave-one-out protocols: set -> protocol -> key; the fold is its value: ``leave_one_subject_out/03/test``."""


def leave_one_out(dataset: str) -> Mapping[str, str]:
    """Leave-one-out protocols of a set; one that is not in the catalogue has those of "own"."""
    return LEAVE_ONE_OUT.get(dataset if dataset in catalogue.SETS else catalogue.OWN, {})
