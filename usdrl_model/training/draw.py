"""Random numbers of batches of windows: one row a window, the same however many processes share a batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Draw:
    """Random numbers, one row a window.

    Several processes that share a batch draw the numbers of the whole batch and keep their own rows, so that a view
    does not depend on how many they are. With several views, the rows are those of view 0, then of view 1, and so on.
    """

    def __init__(
        self,
        generator: torch.Generator,
        rows: int,
        *,
        views: int = 1,
        rank: int = 0,
        ranks: int = 1,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._generator, self._dtype = generator, dtype
        self._views, self._all = views, rows * ranks
        self._mine = slice(rank * rows, (rank + 1) * rows)

    def unit(self, *shape: int) -> Tensor:
        """Uniform in [0, 1); (views * rows, *shape)."""
        return self._kept(torch.rand, *shape)

    def uniform(self, reach: float, *shape: int) -> Tensor:
        """Uniform in +-reach."""
        return reach * (2.0 * self.unit(*shape) - 1.0)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal."""
        return self._kept(torch.randn, *shape)

    def chance(self, probability: float, *shape: int) -> Tensor:
        """True with a probability."""
        return self.unit(*shape) < probability

    def _kept(self, sample: Callable[..., Tensor], *shape: int) -> Tensor:
        generator = self._generator
        size = (self._views, self._all, *shape)
        numbers = sample(size, generator=generator, device=generator.device, dtype=self._dtype)
        return numbers[:, self._mine].flatten(0, 1)
