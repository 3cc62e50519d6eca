"""Named encoders and what they cost: three sizes of the official model, the same three repaired, the STTR baseline.

``python -m usdrl_model.network.presets`` writes what each costs into the table of docs/model.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from usdrl_model.errors.nearest import hint
from usdrl_model.files import markdown
from usdrl_model.network.config import EncoderConfig
from usdrl_model.network.dste import build_encoder
from usdrl_model.network.official_formula import published

PAGE = Path("docs/model.md")
BEGIN, END = "<!-- presets -->", "<!-- end of presets -->"

REPAIRED = EncoderConfig(
    heads=4,
    people=1,
    streams=("temporal",),
    velocity=True,
    stem_kernel=5,
    conv_kernel=5,
    mlp_residual=True,
)
"""One person, the temporal stream only, and the repairs of its input, its convolutions and its residual."""

PRESETS: dict[str, EncoderConfig] = {
    "base": EncoderConfig(),
    "small": EncoderConfig(hidden=256),
    "tiny": EncoderConfig(hidden=128),
    "base_repaired": REPAIRED,
    "small_repaired": replace(REPAIRED, hidden=256),
    "tiny_repaired": replace(REPAIRED, hidden=128),
    "sttr": EncoderConfig(architecture="sttr"),
}


def preset(name: str) -> EncoderConfig:
    """The configuration called ``name``; change it with ``dataclasses.replace``.

    Raises:
        ValueError: unknown name; the message lists the nearest and all known ones.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}{hint(name, PRESETS)} Known: {', '.join(PRESETS)}")
    return PRESETS[name]


def cost(config: EncoderConfig) -> tuple[int, int]:
    """Parameters of the encoder, and operations (2 a multiply-add) of one window by the official formula."""
    with torch.device("meta"):  # shapes only: nothing is computed
        encoder = published(build_encoder(config))
        # With gradients on, attention takes the path whose operations the counter knows.
        with FlopCounterMode(display=False) as counter, nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            encoder.eval()(torch.empty(1, config.frames, config.people, config.joints, 3))
    return sum(parameter.numel() for parameter in encoder.parameters()), counter.get_total_flops()


def page(text: str) -> str:
    """The text of docs/model.md with the table as it must be: a row a preset."""
    rows = []
    for name, config in PRESETS.items():
        parameters, flops = cost(config)
        streams = " + ".join(config.streams)
        rows.append([f"`{name}`", config.hidden, config.people, streams, f"{parameters:,}", f"{flops / 1e9:.3f}"])
    table = markdown.table(["preset", "D", "people", "streams", "parameters", "GFLOP a window"], rows)
    return markdown.replace_between_markers(text, BEGIN, END, table)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"written: {PAGE}")
