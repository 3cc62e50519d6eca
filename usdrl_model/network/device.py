"""The device that a network runs on: never another one than was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


def check_tf32(device: torch.device) -> None:
    """Raise ValueError where a device has no TF32."""
    if device.type != "cuda":
        raise ValueError(f"tf32 is a format of NVIDIA GPUs, got {device}: use fp32 or bf16")
    if torch.cuda.get_device_capability(device) < (8, 0):
        raise ValueError(f"tf32 needs compute capability 8.0, {torch.cuda.get_device_name(device)} is older: use fp32")


@contextmanager
def float32_products(tf32: bool = False) -> Iterator[None]:
    """Until the block ends, products of float32 matrices on a GPU are exact, or in TF32.

    TF32 keeps 10 bits of each factor. Torch alone rounds convolutions so and matrix products not.
    """
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = tf32
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of the CPU for people who are judged frame by frame.

    So little work a call is no faster in several, and beside other programs they wait for each other: five times as
    long, with three programs on two cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
