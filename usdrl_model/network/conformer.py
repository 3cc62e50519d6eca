"""A streaming Conformer: an encoder that takes one new frame at the cost of one frame.

Every part looks back over a bounded number of frames and never ahead: centring and turning (``frame_features``), causal
depthwise convolutions, and attention in a band with a learned bias for every distance. What a part needs of the past is
its state; all of it together is one row of numbers a person. So there is one function, ``advance``: T frames from the
empty state are the windowed form, which is trained; one frame at a time is the incremental form, which runs on a robot.

A frame in which nobody is seen is neither a key nor an input of a convolution, and its token is 0: it only lets time
pass. A window that begins before its person came is the same as a state that is empty.

Papers: Conformer (arXiv 2005.08100); Emformer (arXiv 2010.10759) for the state of keys and values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (torch's own habit)

from usdrl_model.network.config import HEADING_FRAMES, EncoderConfig, Stream
from usdrl_model.network.dense_layer import DropPath, Mlp
from usdrl_model.network.embedding import VELOCITY_SCALE, linear_embedding
from usdrl_model.network.two_streams import check_windows
from usdrl_model.skeleton.person import SHOULDER_LEFT, SHOULDER_RIGHT
from usdrl_model.windows.picture import LONGEST, SMALLEST, lengths
from usdrl_model.windows.window import HIP_LEFT, HIP_RIGHT, spine_of


class Conformer(nn.Module):
    """Streaming encoder of one person.

    Example::

        config = EncoderConfig(architecture="conformer", hidden=64, heads=4, frames=48, people=1, streams=("temporal",),
                               velocity=True, causal=True, masked=True, centre="window")
        encoder = Conformer(config)
        state = encoder.empty(3)                                       # of three people
        tokens, state = encoder.advance(torch.zeros(3, 1, 25, 3), state)       # (3, 1, 64)

    Raises:
        ValueError: a configuration of another architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        if config.architecture != "conformer":
            raise ValueError(f"expected architecture conformer, got {config.architecture}: use build_encoder(config)")
        super().__init__()
        self.config = config
        self.embedding = linear_embedding(config.joints * config.channels, config)
        self.layers = nn.ModuleList(ConformerLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.hidden)

    def empty(self, count: int) -> Tensor:
        """The state (N, S) of people of whom nothing was seen."""
        sizes = self.config.state_sizes
        state = self.norm.weight.new_zeros(count, sum(sizes))
        state[:, : sizes[0]] = math.nan
        return state

    def advance(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Encode the next L frames of N people.

        Args:
            x: (N, L, V, 3) joints, metres, y up, in any place and heading; NaN where missing.
            state: (N, S) after the frames before.

        Returns:
            Tokens (N, L, D), 0 for frames in which nobody is seen, and the state after these frames.
        """
        N, L, V, _ = x.shape
        joints, were_seen, *pasts = state.split(self.config.state_sizes, dim=1)
        frames = torch.cat([joints.view(N, -1, V, 3), x], dim=1)
        seen = (~x.isnan()).flatten(2).any(dim=2).to(state.dtype)  # (N, L)
        keys_seen = torch.cat([were_seen, seen], dim=1)
        here = seen[:, :, None]
        distance = band(L, self.config.look_back, x.device)
        outside = (distance < 0) | (distance >= self.config.look_back)
        # Its own frame is never masked: a softmax of nothing is NaN.
        masked = (outside | ((keys_seen[:, None] == 0.0) & (distance != 0)))[:, None]
        tokens = self.embedding(frame_features(frames, L, flat=self.config.flat)) * here
        futures = []
        for layer, past in zip(self.layers, zip(pasts[::2], pasts[1::2], strict=True), strict=True):
            tokens, future = layer(tokens, past, here, distance, masked)
            tokens = tokens * here
            futures += future
        parts = [frames[:, L:], keys_seen[:, L:], *futures]
        return self.norm(tokens) * here, torch.cat([part.flatten(1) for part in parts], dim=1)

    def forward(self, x: Tensor, shares: Tensor | None = None) -> dict[Stream, Tensor]:
        """The windowed form: windows (N, T, 1, V, 3) -> tokens "temporal" (N, T, D); errors as of the other encoders.

        ``shares`` of modalities is for encoders that have several.
        """
        check_windows(x, (self.config.frames, self.config.people, self.config.joints, 3))
        return {"temporal": self.advance(x[:, :, 0], self.empty(len(x)))[0]}

    def pooled(self, tokens: dict[Stream, Tensor]) -> Tensor:
        """Clip features (N, D): the maximum over the tokens."""
        return self.pool(tokens, "temporal")

    def pool(self, tokens: dict[Stream, Tensor], stream: Stream) -> Tensor:
        """Clip feature (N, D) of its one stream."""
        return tokens[stream].amax(1)

    def dense(self, tokens: dict[Stream, Tensor]) -> Tensor:
        """Frame features (N, T, D)."""
        return tokens["temporal"]


class ConformerLayer(nn.Module):
    """Convolution, attention and MLP, each causal and with a residual."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        D, kernel = config.hidden, config.conv_kernel
        self.heads, self.look_back = config.heads, config.look_back
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(D) for _ in range(3))
        drawn = torch.empty(kernel, D)
        if not drawn.is_meta:  # where there are only shapes, a division makes torch import its compiler: a second
            drawn.uniform_(-1.0, 1.0).div_(math.sqrt(kernel))
        self.conv = nn.Parameter(drawn)
        """Weights of the depthwise convolution, oldest frame first."""
        self.pointwise = nn.Linear(D, D)
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.bias = nn.Parameter(torch.zeros(config.heads, config.look_back))
        """Added to the score of a key, for every distance in frames."""
        self.mlp = Mlp(D)
        self.drop_path = DropPath(config.drop_path)

    def forward(
        self, x: Tensor, past: Sequence[Tensor], here: Tensor, distance: Tensor, masked: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Tokens (N, L, D) and the state before them -> tokens and the state after them.

        Args:
            x: tokens.
            past: state.
            here: (N, L, 1), 0 for frames in which nobody is seen.
            distance: see ``band``.
            masked: (N, 1, L, look_back - 1 + L) bool, keys that a query does not see.
        """
        N, L, D = x.shape
        inputs = torch.cat([past[0].view(N, -1, D), self.norm1(x) * here], dim=1)
        convolved = (inputs.unfold(1, len(self.conv), 1) * self.conv.T).sum(dim=3)  # (N, L, D)
        x = x + self.drop_path(self.pointwise(F.gelu(convolved)))

        query, new = self.qkv(self.norm2(x)).split([D, 2 * D], dim=2)
        keys_values = torch.cat([past[1].view(N, -1, 2 * D), new], dim=1)
        q = query.view(N, L, self.heads, -1).transpose(1, 2)
        k, v = keys_values.view(N, -1, 2, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.bias[:, distance.clamp(0, self.look_back - 1)].masked_fill(masked, -math.inf)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).reshape(N, L, D)
        x = x + self.drop_path(self.out(attended))
        x = x + self.drop_path(self.mlp(self.norm3(x)))
        return x, (inputs[:, L:], keys_values[:, L:])


def band(length: int, look_back: int, device: torch.device) -> Tensor:
    """(L, look_back - 1 + L) frames from each key (column) to each query (row); below 0 where the key is later."""
    queries = torch.arange(length, device=device)[:, None] + look_back - 1
    return queries - torch.arange(look_back - 1 + length, device=device)


def frame_features(frames: Tensor, count: int, *, flat: bool = False) -> Tensor:
    """What is embedded of the last ``count`` (L) of some frames: centred and turned by what is known at each of them.

    Args:
        frames: (N, HEADING_FRAMES - 1 + L, V, 3) joints, NaN where missing.
        count: L.
        flat: the joints are in a picture, of any size: they are brought to that of an adult instead of being turned.

    Returns:
        (N, L, V * 7): place of every joint relative to the spine, its velocity, and 1 where it is missing. Velocity is
        without the way of the person, which a robot that moves would see in everybody, but with their rise and fall.
    """
    now = frames[:, -count:]
    spine = spine_of(frames[:, -count - 1 :])  # (N, 1 + L, 3)
    way = torch.stack([spine[..., 0], torch.zeros_like(spine[..., 1]), spine[..., 2]], dim=2)
    level = frames[:, -count - 1 :] - way[:, :, None]
    velocity = VELOCITY_SCALE * (level[:, 1:] - level[:, :-1])
    if flat:
        size = _size(frames)[:, :, None, None]
        scaled = now / size  # before the spine, whose guess is in metres
        parts = [scaled - spine_of(scaled)[:, :, None], velocity / size]
    else:
        cos, sin = _heading(frames)
        parts = [_turned(part, cos, sin) for part in (now - spine[:, 1:, None], velocity)]
    missing = now[..., :1].isnan().to(now.dtype)
    return torch.cat([*(part.nan_to_num() for part in parts), missing], dim=3).flatten(2)


def _size(frames: Tensor) -> Tensor:
    """(N, L) size in a picture, relative to an adult, by the bones that were longest in the last frames."""
    of_bones = lengths(frames)
    known = ~of_bones.isnan()
    count = known.to(frames.dtype).unfold(1, HEADING_FRAMES, 1).sum(dim=3)  # (N, L, bones)
    mean = of_bones.nan_to_num().unfold(1, HEADING_FRAMES, 1).sum(dim=3) / count.clamp(min=1.0)
    longest = mean.topk(LONGEST, dim=2).values.sum(dim=2) / (count > 0.0).sum(dim=2).clamp(1, LONGEST)
    return longest.where(longest > SMALLEST, 1.0)


def _heading(frames: Tensor) -> tuple[Tensor, Tensor]:
    """(N, L) cosine and sine of the line of the shoulders over the last frames."""
    line = frames[:, :, SHOULDER_RIGHT] - frames[:, :, SHOULDER_LEFT]
    line = torch.where(line.isnan(), frames[:, :, HIP_RIGHT] - frames[:, :, HIP_LEFT], line)
    line = line.nan_to_num().unfold(1, HEADING_FRAMES, 1).sum(dim=3)  # (N, L, 3)
    length = (line[..., 0].square() + line[..., 2].square()).sqrt()  # ONNX has no hypot
    known = length > 1e-6
    length = length.where(known, 1.0)
    return (line[..., 0] / length).where(known, 1.0), (line[..., 2] / length).where(known, 0.0)


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Points (N, L, V, 3) turned about the vertical, frame by frame, so that a line (cos, ., sin) points to +x."""
    cos, sin = cos[:, :, None], sin[:, :, None]
    right, up, ahead = x.unbind(dim=3)
    return torch.stack([cos * right + sin * ahead, up, cos * ahead - sin * right], dim=3)
