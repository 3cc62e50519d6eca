"""Linear layers with weights in the order that the CPU reads them.

Torch multiplies float32 matrices on a CPU with MKL, which does not use AVX-512 on processors of other makers. oneDNN,
which torch brings along and uses for bfloat16, does; and it can lay out constant weights once instead of at every call.
The results differ from those of ``nn.Linear`` only by the order of the additions.

Torch reaches both only through operators that its compiler uses, and that no promise covers. ``available`` tells
whether this build has them; nothing else in the package may use them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def available(dtype: torch.dtype) -> bool:
    """Whether this torch and this CPU can multiply packed weights of ``dtype``."""
    operators = torch.ops.mkldnn
    if not torch.backends.mkldnn.is_available() or not hasattr(operators, "_reorder_linear_weight"):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and operators._is_mkldnn_bf16_supported())


class PackedLinear(nn.Module):
    """``linear`` with packed weights, for inference on the CPU; (..., C) -> (..., D)."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.bias = linear.bias
        # No parameter: torch can neither copy nor move a packed tensor.
        self._weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        return torch.ops.mkldnn._linear_pointwise(x, self._weight, self.bias, "none", [], "")


def pack(module: nn.Module) -> None:
    """Replace the linear layers inside ``module`` by packed ones; those of a type that cannot be packed stay.

    Afterwards the module stays on the CPU, and it can be neither copied nor saved.
    """
    for name, child in list(module.named_children()):
        # Not its subclasses: attention of torch reads the weights of its own kind.
        if type(child) is nn.Linear and available(child.weight.dtype):
            setattr(module, name, PackedLinear(child))
        else:
            pack(child)
