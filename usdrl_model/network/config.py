"""Configuration of the skeleton encoder: the official model by default, with a field for every repair."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, get_args

from usdrl_model.config import at_most
from usdrl_model.windows.shape import Centre, WindowShape

Modality = Literal["joint", "bone", "motion"]
"""What a window holds: joints, bones or motion; see ``modality``."""
Stream = Literal["temporal", "spatial"]
Architecture = Literal["dste", "sttr", "conformer"]
MAX_FRAMES = 200
"""Length of the sinusoidal position table (official value)."""
MAX_TOKENS = 1024
"""Joints of all people of a window; attention between them takes the square of it."""
LIMITS = {"heads": 64, "people": 32, "joints": 512, "gap": MAX_TOKENS,
          "stem_kernel": 2 * MAX_FRAMES + 1, "conv_kernel": 2 * MAX_FRAMES + 1,
          "layers": 16, "look_back": MAX_FRAMES}  # fmt: skip
"""Largest sizes, because a configuration may come from a file of others. ``hidden`` needs none: it is compared with the
shapes in the file before anything is built."""
HEADING_FRAMES = 8
"""Frames whose shoulder lines a Conformer adds up to the heading of the last one; from the side, one line is noise. In
a picture, those from whose bones it takes the size of the last one."""
DSTE_ONLY = ("alpha", "gap", "drop_path", "conv_kernel", "mlp_residual")
"""Fields that the STTR baseline does not have."""
CONFORMER_ONLY = ("layers", "look_back")
CONFORMER_LACKS = ("alpha", "gap", "stem_kernel", "mlp_residual", "mask_empty", "spatial_pool", "modalities")
CONFORMER_NEEDS = {
    "people": 1,
    "streams": ("temporal",),
    "velocity": True,
    "causal": True,
    "masked": True,
    "centre": "window",
}
"""What the Conformer is made for: one person, frame by frame, with missing joints and the path of the spine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncoderConfig:
    """Shape of the encoder; the defaults are the official model.

    Every field after ``drop_path`` is a repair or a variant that the official code lacks; its default is the official
    behaviour. docs/model.md describes each.
    """

    hidden: int = 1024
    """D, features of a token."""
    heads: int = 1
    """Attention heads; divides ``hidden``."""
    frames: int = 64
    """T, frames of a window; the shift weights of the temporal stream are (T, T)."""
    people: int = 2
    """M, people in a window."""
    joints: int = 25
    """V, joints of a person."""
    architecture: Architecture = "dste"
    """``dste``, its baseline ``sttr`` (ordinary transformer layers), or ``conformer``, which takes frames one at a time
    (docs/streaming.md)."""
    alpha: float = 0.5
    """Share of CA in a layer; DSA has the rest."""
    gap: int = 4
    """Every gap-th token keeps its own value in the dense shift."""
    drop_path: float = 0.1
    """Probability that a sample skips a branch in training."""
    streams: tuple[Stream, ...] = ("temporal", "spatial")
    """The streams that run. Without the spatial one a third of the time is saved, at no loss on small data sets."""
    velocity: bool = False
    """Append the frame-to-frame difference to the coordinates (6 numbers a joint instead of 3)."""
    stem_kernel: int = 0
    """Odd kernel of a convolution over time in front of the temporal stream; 0 keeps the official linear embedding."""
    conv_kernel: int = 1
    """Odd kernel of the convolution in CA of the temporal stream. Official: 1, which mixes no neighbouring frames."""
    mlp_residual: bool = False
    """Keep the residual round the MLP of CA that the official code leaves out."""
    causal: bool = False
    """No token of the temporal stream depends on a later frame. The parameters are the same, so any weights load."""
    centre: Centre = "frame"
    """Window origin: the spine in each frame (official), or its median position over the window, which keeps the path
    of the person. The latter is for skeletons in a coordinate frame that does not move."""
    masked: bool = False
    """Joints that are not seen are NaN in a window, and the encoder is told so: a third kind of number a joint beside
    place and velocity, 1 where it is missing. Off (official): windows have no holes, places are invented."""
    flat: bool = False
    """Joints as in a picture, for trackers without depth: x and y, in the size of an adult (``windows.picture``)."""
    mask_empty: bool = False
    """Exclude the joint tokens of empty person slots (all zero) from attention, shift and pooling."""
    spatial_pool: Literal["official", "broadcast"] = "official"
    """Joint tokens in frame features: averaged onto the time axis (official), or their maximum for every frame."""
    modalities: tuple[Modality, ...] = ("joint",)
    """Inputs of one network: each modality is embedded by its own layers, and the embeddings are averaged."""
    layers: int = 2
    """Layers of the Conformer; DSTE and STTR have two."""
    look_back: int = 16
    """Frames that attention of one Conformer layer sees, its own included."""

    def __post_init__(self) -> None:
        """Refuse shapes that cannot be built."""
        at_most(self, LIMITS)
        if self.people * self.joints > MAX_TOKENS:
            raise ValueError(f"people * joints: expected at most {MAX_TOKENS}, got {self.people} * {self.joints}")
        if self.hidden < 2 or self.heads < 1 or self.hidden % self.heads or self.hidden % 2:
            raise ValueError(f"hidden must be even and a multiple of heads, got {self.hidden} and {self.heads} heads")
        if not 1 <= self.frames <= MAX_FRAMES:
            raise ValueError(f"frames must be 1 to {MAX_FRAMES}, got {self.frames}")
        if self.people < 1 or self.joints < 1 or self.gap < 1:
            raise ValueError(f"people, joints and gap must be above 0, got {self.people}, {self.joints}, {self.gap}")
        if not 0.0 <= self.alpha <= 1.0 or not 0.0 <= self.drop_path < 1.0:
            raise ValueError(f"alpha must be 0 to 1 and drop_path below 1, got {self.alpha} and {self.drop_path}")
        if self.centre not in get_args(Centre):
            raise ValueError(f"centre must be {' or '.join(get_args(Centre))}, got {self.centre!r}")
        if self.conv_kernel < 1 or self.stem_kernel < 0:
            raise ValueError(
                f"expected conv_kernel from 1 and stem_kernel from 0, got {self.conv_kernel} and {self.stem_kernel}"
            )
        if self.conv_kernel % 2 == 0 or (self.stem_kernel and self.stem_kernel % 2 == 0):
            raise ValueError(f"kernels must be odd, got conv_kernel={self.conv_kernel} stem_kernel={self.stem_kernel}")
        if tuple(self.streams) not in (("temporal",), ("spatial",), ("temporal", "spatial")):
            raise ValueError(f"streams must be temporal, spatial or both, once and in this order, got {self.streams}")
        if not self.modalities or set(self.modalities) - set(get_args(Modality)):
            raise ValueError(f"modalities must name {', '.join(get_args(Modality))} or some, got {self.modalities}")
        if len(set(self.modalities)) < len(self.modalities):
            raise ValueError(f"modalities must be distinct, got {self.modalities}")
        centre = "window" if self.architecture == "conformer" else "frame"
        if self.flat and (not self.masked or self.people != 1 or self.centre != centre):
            raise ValueError(f"flat: expected windows of one person: set masked: true, people: 1 and centre: {centre}")
        if self.architecture == "sttr":
            idle = [f.name for f in fields(self) if f.name in DSTE_ONLY and getattr(self, f.name) != f.default]
            if idle:
                raise ValueError(f"architecture sttr has no {', '.join(idle)}: leave it out, or take architecture dste")
        self._check_conformer()

    def _check_conformer(self) -> None:
        if self.layers < 1 or self.look_back < 2:
            raise ValueError(f"expected layers from 1 and look_back from 2, got {self.layers} and {self.look_back}")
        mine = self.architecture == "conformer"
        default = {f.name: f.default for f in fields(self)}
        lacks = CONFORMER_LACKS if mine else CONFORMER_ONLY
        if idle := [name for name in lacks if getattr(self, name) != default[name]]:
            raise ValueError(f"architecture {self.architecture} has no {', '.join(idle)}: leave it out")
        if mine and (other := [f"{k}: {v}" for k, v in CONFORMER_NEEDS.items() if getattr(self, k) != v]):
            raise ValueError(f"architecture conformer: expected {', '.join(other)}")

    @property
    def channels(self) -> int:
        """Numbers per joint and frame: 3, or 6 with velocity, and one more with ``masked``."""
        return (6 if self.velocity else 3) + self.masked

    @property
    def tokens(self) -> int:
        """Joint tokens of a window: M * V."""
        return self.people * self.joints

    @property
    def window(self) -> WindowShape:
        """The windows that the encoder takes."""
        return WindowShape(
            frames=self.frames, people=self.people, centre=self.centre, masked=self.masked, flat=self.flat
        )

    @property
    def receptive_field(self) -> int:
        """Frames that what a Conformer says of a frame depends on."""
        return HEADING_FRAMES + self.layers * (self.look_back - 1 + self.conv_kernel - 1)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Numbers that a Conformer keeps of a person: joints, who was seen, and two parts of every layer."""
        joints = (HEADING_FRAMES - 1) * self.joints * 3
        layer = (self.conv_kernel - 1) * self.hidden, (self.look_back - 1) * 2 * self.hidden
        return joints, self.look_back - 1, *(self.layers * layer)

    @property
    def features(self) -> int:
        """Size of a pooled or dense feature: D for every stream that runs."""
        return self.hidden * len(self.streams)
