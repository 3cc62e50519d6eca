"""Linear layers whose weights are packed for the CPU.

Torch multiplies float32 matrices on a CPU with MKL, which uses AVX-512 on Intel processors only. oneDNN, which torch
includes and uses for bfloat16, uses it on all of them, and can pack constant weights once instead of at every call. The
results differ from those of ``nn.Linear`` only by the order of the additions.

Torch offers this only through internal operators of its compiler, which may change. ``available`` tests whether this
build has them; nothing else in the package may use them.
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
    """Replace the linear layers inside ``module`` by packed ones, except those of a type that cannot be packed.

    Afterwards the module can be neither moved from the CPU, nor copied, nor saved.
    """
    for name, child in list(module.named_children()):
        # Not its subclasses: attention of torch reads the weights of its own kind.
        if type(child) is nn.Linear and available(child.weight.dtype):
            setattr(module, name, PackedLinear(child))
        else:
            pack(child)
