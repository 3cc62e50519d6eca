"""The encoders: shapes, repairs and variants; test_pretrained_models compares them with the official numbers."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from helpers.paths import ROOT

from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import DSTE, build_encoder
from usdrl_model.network.embedding import velocity

FULL = EncoderConfig(hidden=32, heads=4, people=1, velocity=True, stem_kernel=5, conv_kernel=5, mlp_residual=True)
SMALL = EncoderConfig(hidden=16, heads=2, frames=12, joints=5)
ARCHITECTURES = pytest.mark.parametrize("architecture", ["dste", "sttr"])


def make(config: EncoderConfig, seed: int = 0) -> torch.nn.Module:
    """An encoder whose every parameter has a say: freshly made norms and biases would hide mistakes."""
    torch.manual_seed(seed)
    encoder = build_encoder(config).eval()
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return encoder


@pytest.mark.parametrize(
    "config",
    [
        EncoderConfig(hidden=16, frames=20, people=1, joints=17),
        EncoderConfig(hidden=16, heads=4, people=3, joints=7, frames=9),
        EncoderConfig(hidden=16, heads=4, streams=("temporal",)),
        EncoderConfig(hidden=16, streams=("spatial",)),
        FULL,
        replace(FULL, causal=True, mask_empty=True, spatial_pool="broadcast"),
        EncoderConfig(hidden=16, architecture="sttr", heads=4, people=3, joints=7, frames=9, velocity=True),
        EncoderConfig(hidden=16, architecture="sttr", streams=("temporal",), stem_kernel=3, causal=True),
    ],
)
def test_shapes_follow_the_configuration(config: EncoderConfig) -> None:
    encoder = build_encoder(config).eval()
    tokens = encoder(torch.randn(3, config.frames, config.people, config.joints, 3))
    assert set(tokens) == set(config.streams)
    assert encoder.pooled(tokens).shape == (3, config.hidden * len(config.streams))
    assert encoder.dense(tokens).shape == (3, config.frames, config.hidden * len(config.streams))


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((64, 2, 25, 3), r"x\[None\]"),
        ((1, 64, 25, 3), r"axis of people, x\[:, :, None\], and 1 more people of zeros"),
        ((4, 3, 64, 25, 2), r"permute\(0, 2, 4, 3, 1\)"),
        ((4, 50, 2, 25, 3), "resample the window to 64 frames"),
        ((4, 64, 2, 17, 3), "check the order"),
    ],
)
def test_a_wrong_shape_is_refused_with_both_shapes_and_a_way_out(shape: tuple[int, ...], hint: str) -> None:
    encoder = DSTE(EncoderConfig(hidden=16))
    got = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"\(N, 64, 2, 25, 3\), got {got}.*{hint}"):
        encoder(torch.zeros(shape))


@pytest.mark.parametrize("x", [np.zeros((1, 12, 2, 5, 3)), torch.zeros(1, 12, 2, 5, 3, dtype=torch.int64)])
def test_anything_but_a_floating_point_tensor_is_refused(x: object) -> None:
    with pytest.raises(TypeError, match=r"(ndarray|int64).*as_tensor"):
        DSTE(SMALL)(x)


@pytest.mark.parametrize(
    "wrong",
    [
        {"hidden": 30, "heads": 4},
        {"conv_kernel": 2},
        {"stem_kernel": 4},
        {"streams": ()},
        {"streams": ("temporal", "temporal")},
        {"streams": ("spatial", "temporal")},
        {"frames": 0},
        {"people": 0},
        {"alpha": 1.5},
        {"drop_path": 1.0},
        {"architecture": "sttr", "mlp_residual": True, "gap": 2},
    ],
)
def test_an_impossible_configuration_is_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        EncoderConfig(**wrong)


def test_an_encoder_refuses_the_configuration_of_the_other() -> None:
    with pytest.raises(ValueError, match="expected architecture dste, got sttr"):
        DSTE(replace(SMALL, architecture="sttr"))


def test_every_parameter_of_the_repaired_encoder_learns() -> None:
    encoder = DSTE(replace(FULL, causal=True, mask_empty=True))
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


CAUSAL = [
    replace(SMALL, causal=True),
    replace(SMALL, causal=True, velocity=True, stem_kernel=5, conv_kernel=5, mlp_residual=True),
    replace(SMALL, causal=True, architecture="sttr", velocity=True, stem_kernel=3),
]


@pytest.mark.parametrize("config", CAUSAL)
@pytest.mark.parametrize("gradients", [False, True])  # attention takes another path in each
def test_a_causal_token_does_not_see_later_frames(config: EncoderConfig, gradients: bool) -> None:
    encoder = make(config)
    x = torch.randn(2, 12, 2, 5, 3)
    with torch.set_grad_enabled(gradients):
        before = encoder(x)["temporal"]
        for k in range(1, 12):
            changed = x.clone()
            changed[:, k:] = torch.randn_like(changed[:, k:])
            after = encoder(changed)["temporal"]
            torch.testing.assert_close(after[:, :k], before[:, :k], rtol=0.0, atol=1e-6)
            assert (after[:, k] - before[:, k]).abs().max() > 1e-3, "frame k itself has to count"


@pytest.mark.parametrize("config", CAUSAL)
def test_the_causal_variant_takes_the_same_weights_and_differs(config: EncoderConfig) -> None:
    causal, plain = make(config), build_encoder(replace(config, causal=False)).eval()
    plain.load_state_dict(causal.state_dict())
    x = torch.randn(2, 12, 2, 5, 3)
    with torch.no_grad():
        a, b = causal(x), plain(x)
    assert (a["temporal"][:, :6] - b["temporal"][:, :6]).abs().max() > 1e-3
    torch.testing.assert_close(a["spatial"], b["spatial"])


@ARCHITECTURES
@pytest.mark.parametrize("pool", ["official", "broadcast"])
def test_an_empty_person_takes_no_part_when_masked(architecture: str, pool: str) -> None:
    config = replace(SMALL, architecture=architecture, mask_empty=True, spatial_pool=pool)
    encoder = make(config)
    x = torch.randn(3, 12, 2, 5, 3)
    x[1, :, 1] = 0.0
    with torch.no_grad():
        before = encoder(x)
        pooled, dense = encoder.pooled(before), encoder.dense(before)
        encoder.spe[:, 5:] += 1.0  # whatever the second person's tokens are
        after = encoder(x)
    torch.testing.assert_close(after["spatial"][1], before["spatial"][1])
    torch.testing.assert_close(encoder.pooled(after)[1], pooled[1])
    torch.testing.assert_close(encoder.dense(after)[1], dense[1])
    assert not before["spatial"][1, 5:].any()
    assert (after["spatial"][0] - before["spatial"][0]).abs().max() > 1e-3, "a person who is there counts"


def test_tokens_of_an_empty_person_do_not_count_as_zeros() -> None:
    encoder = build_encoder(replace(SMALL, frames=11, mask_empty=True))
    joints = torch.cat([torch.full((1, 5, 16), -1.0), torch.zeros(1, 5, 16)], dim=1)
    tokens = {"temporal": torch.zeros(1, 11, 16), "spatial": joints}
    assert (encoder.pooled(tokens)[0, 16:] == -1.0).all()
    in_frames = encoder.dense(tokens)[0, :, 16:]
    assert (in_frames[:6] == -1.0).all(), "the middle frame averages a joint of each person, one of them empty"
    assert (in_frames[6:] == 0.0).all()


@ARCHITECTURES
def test_masking_changes_nothing_where_everybody_is_there(architecture: str) -> None:
    config = replace(SMALL, architecture=architecture)
    plain, masked = make(config), make(replace(config, mask_empty=True))
    x = torch.randn(3, 12, 2, 5, 3)
    with torch.no_grad():
        a, b = plain(x), masked(x)
    for one, other in [
        (a["spatial"], b["spatial"]),
        (plain.dense(a), masked.dense(b)),
        (plain.pooled(a), masked.pooled(b)),
    ]:
        torch.testing.assert_close(one, other)


@ARCHITECTURES
def test_a_window_without_anybody_stays_finite_when_masked(architecture: str) -> None:
    encoder = make(replace(SMALL, architecture=architecture, mask_empty=True))
    with torch.no_grad():
        tokens = encoder(torch.zeros(1, 12, 2, 5, 3))
    assert encoder.pooled(tokens).isfinite().all()
    assert encoder.dense(tokens).isfinite().all()


def test_broadcast_gives_every_frame_the_pooled_joints() -> None:
    encoder = make(replace(SMALL, spatial_pool="broadcast"))
    tokens = encoder(torch.randn(3, 12, 2, 5, 3))
    dense, pooled = encoder.dense(tokens), encoder.pooled(tokens)
    torch.testing.assert_close(dense[..., :16], tokens["temporal"])
    for frame in range(12):
        torch.testing.assert_close(dense[:, frame, 16:], pooled[:, 16:])


def test_the_repaired_encoder_computes_what_weights_were_trained_with() -> None:
    encoder = DSTE(replace(FULL, hidden=8, frames=6, joints=4, streams=("temporal",))).eval()
    with torch.no_grad():
        for index, (_, parameter) in enumerate(sorted(encoder.named_parameters())):
            parameter.copy_(0.5 * torch.sin(torch.arange(parameter.numel()) * (index + 1.0)).view_as(parameter))
        x = torch.cos(torch.arange(6 * 4 * 3) * 0.7).view(1, 6, 1, 4, 3)
        got = encoder.pooled(encoder(x))
    wanted = torch.tensor([1.258967, 1.166532, 2.527815, 5.837483, 3.01405, 4.653513, 0.284677, 3.470311])
    torch.testing.assert_close(got[0], wanted, rtol=0.0, atol=1e-5)


def test_every_field_that_is_not_official_is_described() -> None:
    page = (ROOT / "docs" / "model.md").read_text(encoding="utf-8").split("## Encoders")[1].split("## Modalities")[0]
    names = [field.name for field in fields(EncoderConfig)]
    assert [name for name in names[names.index("streams") :] if f"`{name}`" not in page] == []
