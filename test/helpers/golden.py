"""Numbers computed with the authors' code; a test that uses them is skipped where they are not installed.

If such a test fails, the code no longer computes what the official code computes: find the change that did it, do not
touch the numbers.
"""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from helpers.paths import ROOT

REFERENCE = Path(os.environ.get("USDRL_REFERENCE", ROOT.parent / "shared" / "reference"))

needs_golden = pytest.mark.skipif(
    not (REFERENCE / "golden").is_dir(), reason="the golden numbers of the official code are not here"
)
both_precisions = pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 5e-6)])


def load(architecture: str) -> dict[str, torch.Tensor]:
    """Every tensor of one architecture's file, float64."""
    return load_file(REFERENCE / "golden" / f"golden_{architecture}.safetensors")


def part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors whose name begins with ``prefix``, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def windows(official: torch.Tensor) -> torch.Tensor:
    """Official (N, C, T, V, M) -> (N, T, M, V, C)."""
    return official.permute(0, 2, 4, 3, 1).contiguous()
