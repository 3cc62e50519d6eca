"""The device that a network runs on: never another one than was asked for."""

from __future__ import annotations

import torch


def choose_device(device: str) -> torch.device:
    """``auto`` is CUDA where torch can use it, else the CPU; any other device has to be there.

    Raises:
        ValueError: an unknown device, or CUDA where there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        chosen = torch.device("meta")
    if chosen.type not in ("cpu", "cuda"):
        raise ValueError(f"device {device!r}: expected auto, cpu, cuda or cuda:N")
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {device!r}: torch {torch.__version__} finds no CUDA here; use auto or cpu")
    return chosen
