"""Batch normalisation of all views in one forward pass, each with its own statistics over all processes.

The official code sends the views through the network one after another, so that each is normalised by itself. One pass
over all of them is faster and gives the same numbers with these layers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from usdrl_model.training import distributed


class ViewBatchNorm(nn.BatchNorm1d):
    """``nn.BatchNorm1d`` for rows that are those of view 0, then of view 1, and so on; the same parameter names.

    The running statistics take in one view after the other, as in sequential passes.
    """

    views: int

    @classmethod
    def like(cls, norm: nn.BatchNorm1d, views: int) -> ViewBatchNorm:
        """A layer that takes over the parameters of ``norm``."""
        layer = cls(norm.num_features, eps=norm.eps, momentum=norm.momentum)
        layer.weight, layer.bias = norm.weight, norm.bias
        layer.running_mean, layer.running_var = norm.running_mean, norm.running_var
        layer.num_batches_tracked = norm.num_batches_tracked
        layer.views = views
        return layer.train(norm.training)

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (K * N, D) or (K * N, D, L), in float32 or better; ValueError for fewer than two values a view."""
        if not self.training:
            return super().forward(input)
        x = input.to(torch.promote_types(input.dtype, torch.float32)).unflatten(0, (self.views, -1))  # (K, N, D[, L])
        over = (1, *range(3, x.ndim))
        count = x[:, :, 0].numel() // self.views * distributed.count()
        if count < 2:
            raise ValueError("batch normalisation needs two clips or more in a batch: raise batch_size")
        mean = distributed.total(x.sum(dim=over, keepdim=True)) / count
        centred = x - mean
        variance = distributed.total(centred.square().sum(dim=over, keepdim=True)) / count
        self._track(mean.detach().flatten(1), variance.detach().flatten(1) * count / (count - 1))
        shape = (1, 1, -1, *(1,) * (x.ndim - 3))
        out = centred * (variance + self.eps).rsqrt() * self.weight.view(shape) + self.bias.view(shape)
        return out.flatten(0, 1)

    @torch.no_grad()
    def _track(self, means: Tensor, variances: Tensor) -> None:
        """Both (K, D)."""
        if self.running_mean is None or self.running_var is None or self.momentum is None:
            return
        for mean, variance in zip(means, variances, strict=True):
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance, self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(self.views)


def normalise_per_view(module: nn.Module, views: int) -> None:
    """Replace every ``nn.BatchNorm1d`` in ``module`` by a ``ViewBatchNorm`` of the same parameters."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm1d):
            setattr(module, name, ViewBatchNorm.like(child, views))
        else:
            normalise_per_view(child, views)
