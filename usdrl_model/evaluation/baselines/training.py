"""Training of the small networks: AdamW over shuffled examples, with a random generator of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from usdrl_model.training.run_folder import schedule

Loss = Callable[[nn.Module, Tensor, torch.Generator], Tensor]
"""Mean loss of a network on examples, which are given by number (B,)."""
WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""
WEIGHT_DECAY = 0.01
TOGETHER = 256
"""Windows that are scored at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Length of the training, and its optimiser settings."""

    epochs: int
    fewest: int
    """Smallest number of steps, whatever the number of epochs."""
    batch: int
    learning_rate: float
    """At its peak."""


def train(
    build: Callable[[], nn.Module], loss: Loss, examples: int, recipe: Recipe, device: torch.device, seed: int
) -> nn.Module:
    """A trained network, in evaluation mode.

    Args:
        build: makes it; its weights follow from ``seed``.
        loss: loss function.
        examples: how many there are.
        recipe: settings.
        device: where to train.
        seed: decides everything that is random.
    """
    with own_randomness(device, seed), torch.inference_mode(False), torch.enable_grad():
        network = build().to(device).train()
        generator = torch.Generator(device).manual_seed(seed)
        optimiser = torch.optim.AdamW(network.parameters(), lr=0.0, weight_decay=WEIGHT_DECAY)
        batch = min(recipe.batch, examples)
        steps = max(recipe.fewest, math.ceil(recipe.epochs * examples / batch))
        for step, rows in zip(range(steps), shuffled(examples, batch, generator), strict=False):
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * schedule(step, steps, WARM_UP)
            optimiser.zero_grad()
            loss(network, rows, generator).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
    return network.eval()


def shuffled(examples: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
    """(batch,) numbers of examples, without end: all of them once before any comes again."""
    left = torch.empty(0, dtype=torch.int64, device=generator.device)
    while True:
        if len(left) < batch:
            left = torch.cat([left, torch.randperm(examples, generator=generator, device=generator.device)])
        yield left[:batch]
        left = left[batch:]


@contextmanager
def own_randomness(device: torch.device, seed: int) -> Iterator[None]:
    """Seed torch inside the block, and restore the random state of the process after it."""
    gpus = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus), torch.backends.cudnn.flags(enabled=True, deterministic=True):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also reach GPUs that are not in use here
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield


def in_parts(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """The network, on any number of windows."""
    return lambda windows: torch.cat([network(part) for part in windows.split(TOGETHER)])
