"""Initial weights of the official pretraining, drawn from a given generator.

    >>> model = nn.Linear(1000, 1000)
    >>> initialise(model, torch.Generator().manual_seed(0))
    >>> round(model.weight.std().item(), 3)
    0.02

Linear layers and joint positions: normal, standard deviation 0.02, biases 0. Layer norms: 1 and 0. The rest has
the distributions of torch: input weights of attention (Xavier), convolutions (Kaiming uniform), those of a Conformer
too; its biases of distances are 0. The official ``Downstream`` keeps the weights of torch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from usdrl_model.network.conformer import ConformerLayer

STD = 0.02
POSITIONS = "spe"
"""Name of the positions of joints."""


@torch.no_grad()
def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights of ``model``, in the order of its modules.

    The same seed gives the same weights on every device, as long as ``generator`` is a CPU generator.

    Raises:
        ValueError: a module has weights of its own, and no distribution for them is known.
    """
    # The official truncation is at +-2, a hundred standard deviations away: it never acts.
    for module in model.modules():
        if isinstance(module, nn.Linear):
            _normal(module.weight, generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, (nn.LayerNorm, nn.BatchNorm1d)):
            module.reset_parameters()
        elif isinstance(module, nn.MultiheadAttention):
            # Xavier: fan in and fan out of the three matrices in one are 3 D and D.
            _uniform(module.in_proj_weight, math.sqrt(6.0 / sum(module.in_proj_weight.shape)), generator)
            module.in_proj_bias.zero_()
        elif isinstance(module, nn.Conv1d):
            bound = 1.0 / math.sqrt(module.weight[0].numel())
            _uniform(module.weight, bound, generator)
            if module.bias is not None:
                _uniform(module.bias, bound, generator)
        elif isinstance(module, ConformerLayer):
            _uniform(module.conv, 1.0 / math.sqrt(len(module.conv)), generator)
            module.bias.zero_()
        elif own := [name for name, _ in module.named_parameters(recurse=False) if name != POSITIONS]:
            raise ValueError(f"{type(module).__name__}: no initial weights are known of {', '.join(own)}")
    for name, parameter in model.named_parameters():
        if name.rpartition(".")[2] == POSITIONS:
            _normal(parameter, generator)


def _normal(parameter: Tensor, generator: torch.Generator) -> None:
    parameter.copy_(torch.empty(parameter.shape, device=generator.device).normal_(0.0, STD, generator=generator))


def _uniform(parameter: Tensor, bound: float, generator: torch.Generator) -> None:
    drawn = torch.empty(parameter.shape, device=generator.device)
    parameter.copy_(drawn.uniform_(-bound, bound, generator=generator))
