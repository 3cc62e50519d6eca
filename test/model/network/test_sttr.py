"""The STTR baseline: built of torch's layers, so that its names and numbers are theirs."""

from dataclasses import replace

import pytest
import torch

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder
from usdrl_model.network.sttr import STTR

CONFIG = EncoderConfig(hidden=16, heads=2, frames=12, joints=5, architecture="sttr")


def test_names_are_the_official_ones() -> None:
    names = set(STTR(CONFIG).state_dict())
    layer = {
        f"{part}.{kind}"
        for part in ("linear1", "linear2", "norm1", "norm2", "self_attn.out_proj")
        for kind in ("weight", "bias")
    } | {"self_attn.in_proj_weight", "self_attn.in_proj_bias"}
    embeddings = {
        f"ske_emb.{stream}_embedding.{index}.{kind}"
        for stream in "ts"
        for index in (0, 1, 3)
        for kind in ("weight", "bias")
    }
    layers = {f"{stream}_tr.layers.{index}.{name}" for stream in "ts" for index in (0, 1) for name in layer}
    assert names == layers | embeddings | {"spe", "tpe.pe"}


def test_positions_are_added_once_and_layers_normalise_last() -> None:
    torch.manual_seed(0)
    encoder = STTR(CONFIG).eval()
    x = torch.randn(3, 12, 2, 5, 3)
    with torch.no_grad():
        tokens = encoder(x)
        frames = encoder.ske_emb.t_embedding(x.flatten(2)) + encoder.tpe.pe[:, :12]
        for layer in encoder.t_tr.layers:
            attended = layer.self_attn(frames, frames, frames)[0]
            frames = layer.norm1(frames + attended)
            frames = layer.norm2(frames + layer.linear2(torch.relu(layer.linear1(frames))))
    torch.testing.assert_close(tokens["temporal"], frames, rtol=0.0, atol=1e-5)


def test_one_stream_alone() -> None:
    encoder = build_encoder(replace(CONFIG, streams=("spatial",)))
    assert set(encoder(torch.zeros(1, 12, 2, 5, 3))) == {"spatial"}
    assert not any(name.startswith("t_tr") for name in encoder.state_dict())


def test_every_parameter_learns() -> None:
    encoder = STTR(replace(CONFIG, causal=True, mask_empty=True))
    x = torch.randn(4, 12, 2, 5, 3)
    x[0, :, 1] = 0.0
    encoder.dense(encoder(x)).square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in encoder.named_parameters()}
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients.values())


def test_it_refuses_the_configuration_of_dste() -> None:
    with pytest.raises(ValueError, match="expected architecture sttr, got dste"):
        STTR(EncoderConfig(hidden=16))
