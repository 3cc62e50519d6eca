"""The Dense Spatio-Temporal Encoder (DSTE), equal to the official forward pass, with its repairs as configuration.

Source: official ``model/DSTE.py`` (wengwanjiang/USDRL); paper: "Foundation Model for Skeleton-Based Human Action
Understanding". Parameter names are the official ones, so an official state dict loads as it is.

Two streams encode the same window: the temporal one has a token for each frame, the spatial one a token for each joint
of each person.
Each runs two dense layers, and each layer averages convolutional attention (CA) and dense shift attention (DSA).
"""

from __future__ import annotations

from torch import Tensor

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.conformer import Conformer
from usdrl_model.network.dense_layer import DenseLayer
from usdrl_model.network.sttr import STTR
from usdrl_model.network.two_streams import TwoStreamEncoder, spatial_positions


class DSTE(TwoStreamEncoder):
    """Dense Spatio-Temporal Encoder.

    Example::

        encoder = DSTE(EncoderConfig(hidden=256))
        tokens = encoder(torch.zeros(1, 64, 2, 25, 3))
        tokens["temporal"].shape, tokens["spatial"].shape     # (1, 64, 256), (1, 50, 256)

    Raises:
        ValueError: a configuration of another architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        if config.architecture != "dste":
            raise ValueError(f"expected architecture dste, got {config.architecture}: use build_encoder(config)")
        super().__init__(config)
        if "temporal" in config.streams:
            self.t_tr = DenseLayer(config, config.frames, config.conv_kernel, config.causal)
            self.t_tr1 = DenseLayer(config, config.frames, config.conv_kernel, config.causal)
        if "spatial" in config.streams:
            self.spe = spatial_positions(config)
            self.s_tr = DenseLayer(config, config.tokens)
            self.s_tr1 = DenseLayer(config, config.tokens)

    def _temporal(self, frames: Tensor) -> Tensor:
        return self.t_tr1(self.tpe(self.t_tr(self.tpe(frames))))

    def _spatial(self, joints: Tensor, empty: Tensor | None) -> Tensor:
        return self.s_tr1(self.spe + self.s_tr(joints + self.spe, empty), empty)


Encoder = DSTE | STTR | Conformer


def build_encoder(config: EncoderConfig) -> Encoder:
    """The encoder that ``config.architecture`` names."""
    made: dict[str, type[Encoder]] = {"dste": DSTE, "sttr": STTR, "conformer": Conformer}
    return made[config.architecture](config)
