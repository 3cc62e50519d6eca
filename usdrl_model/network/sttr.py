"""STTR, the baseline of DSTE: two ordinary transformer layers a stream, with the official parameter names."""

from __future__ import annotations

from torch import Tensor, nn

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dense_layer import future
from usdrl_model.network.two_streams import TwoStreamEncoder, spatial_positions

LAYERS = 2


class STTR(TwoStreamEncoder):
    """Spatial and temporal transformer: post-norm layers, positions added once.

    Example::

        encoder = STTR(EncoderConfig(hidden=256, architecture="sttr"))
        encoder(torch.zeros(1, 64, 2, 25, 3))["spatial"].shape     # (1, 50, 256)

    Raises:
        ValueError: a configuration of another architecture.
    """

    def __init__(self, config: EncoderConfig) -> None:
        if config.architecture != "sttr":
            raise ValueError(f"expected architecture sttr, got {config.architecture}: use build_encoder(config)")
        super().__init__(config)
        if "temporal" in config.streams:
            self.t_tr = _layers(config)
        if "spatial" in config.streams:
            self.spe = spatial_positions(config)
            self.s_tr = _layers(config)

    def _temporal(self, frames: Tensor) -> Tensor:
        mask = future(frames.shape[1], frames.device) if self.config.causal else None
        return self.t_tr(self.tpe(frames), mask=mask)

    def _spatial(self, joints: Tensor, empty: Tensor | None) -> Tensor:
        return self.s_tr(joints + self.spe, src_key_padding_mask=empty)


def _layers(config: EncoderConfig) -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(
        config.hidden, config.heads, dim_feedforward=config.hidden, dropout=0.0, batch_first=True
    )
    # Nested tensors would cut the tokens of empty people off instead of keeping their place.
    return nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
