"""The encoder against numbers computed with the authors' code, and its repairs.

If a golden test fails the encoder no longer computes what the official code computes: find the change that did it, do
not touch the numbers.
"""

import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from usdrl_model.encoder import DSTE, EncoderConfig, velocity
from usdrl_model.topology import PARENTS

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(os.environ.get("USDRL_REFERENCE", ROOT.parent / "shared" / "reference")) / "golden"
FULL = EncoderConfig(hidden=32, heads=4, people=1, velocity=True, stem_kernel=5, conv_kernel=5, mlp_residual=True)

needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden numbers of the official code are not here")


def modality(x: torch.Tensor, name: str) -> torch.Tensor:
    if name == "bone":
        return x - x[..., list(PARENTS), :]
    if name == "motion":
        return torch.cat([x[:, 1:] - x[:, :-1], torch.zeros_like(x[:, :1])], dim=1)
    return x


@needs_golden
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 5e-6)])
@pytest.mark.parametrize("name", ["joint", "bone", "motion"])
def test_equals_the_official_forward(name: str, dtype: torch.dtype, tolerance: float) -> None:
    with safe_open(GOLDEN / "golden_dste.safetensors", "pt") as golden:
        prefix = "state_dict.backbone."
        state = {key.removeprefix(prefix): golden.get_tensor(key) for key in golden.keys() if key.startswith(prefix)}  # noqa: SIM118
        fc = [golden.get_tensor(f"state_dict.fc.{part}").to(dtype) for part in ("weight", "bias")]
        official = golden.get_tensor("input")  # (N, C, T, V, M)
        wanted = {
            part: golden.get_tensor(f"{name}.{part}")
            for part in ("tokens_t", "tokens_s", "features", "logits", "dense_features", "dense_logits")
        }
    encoder = DSTE(EncoderConfig(hidden=24)).to(dtype).eval()
    encoder.load_state_dict(state)
    with torch.no_grad():
        tokens = encoder(modality(official.permute(0, 2, 4, 3, 1).to(dtype), name))
        features, dense = encoder.pooled(tokens), encoder.dense(tokens)
        got = {
            "tokens_t": tokens["temporal"],
            "tokens_s": tokens["spatial"],
            "features": features,
            "logits": torch.nn.functional.linear(features, *fc),
            "dense_features": dense,
            "dense_logits": torch.nn.functional.linear(dense, *fc),
        }
    for part, value in got.items():
        torch.testing.assert_close(value.double(), wanted[part], rtol=0.0, atol=tolerance, msg=part)


@pytest.mark.parametrize(
    "config",
    [
        EncoderConfig(hidden=16, frames=20, people=1, joints=17),
        EncoderConfig(hidden=16, heads=4, streams=("temporal",)),
        EncoderConfig(hidden=16, streams=("spatial",)),
        FULL,
    ],
)
def test_shapes_follow_the_configuration(config: EncoderConfig) -> None:
    encoder = DSTE(config).eval()
    tokens = encoder(torch.randn(3, config.frames, config.people, config.joints, 3))
    assert set(tokens) == set(config.streams)
    assert encoder.pooled(tokens).shape == (3, config.hidden * len(config.streams))
    assert encoder.dense(tokens).shape == (3, config.frames, config.hidden * len(config.streams))


def test_a_wrong_shape_is_refused_with_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"\(N, 64, 1, 25, 3\), got \(1, 64, 25, 3\)"):
        DSTE(FULL)(torch.zeros(1, 64, 25, 3))


@pytest.mark.parametrize(
    "wrong", [{"hidden": 30, "heads": 4}, {"conv_kernel": 2}, {"stem_kernel": 4}, {"streams": ()}, {"frames": 0}]
)
def test_an_impossible_configuration_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EncoderConfig(**wrong)


def test_every_parameter_of_the_repaired_encoder_learns() -> None:
    encoder = DSTE(FULL)
    encoder.dense(encoder(torch.randn(4, 64, 1, 25, 3))).square().mean().backward()
    silent = [name for name, parameter in encoder.named_parameters() if parameter.grad is None]
    assert silent == []


def test_velocity_looks_back_only() -> None:
    x = torch.randn(2, 10, 1, 4, 3)
    later = x.clone()
    later[:, 7:] += 1.0
    torch.testing.assert_close(velocity(x)[:, :7], velocity(later)[:, :7])
    torch.testing.assert_close(velocity(x)[:, 3], x[:, 3] - x[:, 2])
    assert not velocity(x)[:, 0].any()
