"""How many clips a second become four views on one core: ``python benchmarks/views.py``.

The clips are as NTU has them: 60 to 300 frames of two people. The official feeder makes 1,240 a second on the same kind
of core. Load of other programs lowers the figures: the best round counts.
"""

from __future__ import annotations

import json
import time

import torch

from usdrl_model.training.augment import AugmentConfig
from usdrl_model.training.draw import Draw
from usdrl_model.training.pretraining.views import Clips, ViewConfig, views
from usdrl_model.windows.shape import WindowShape

BATCH = 64
SHAPE = WindowShape(frames=64)
ROUNDS = 15
STILL = AugmentConfig(yaw=0.0, tilt=0.0, scale=0.0, stretch=0.0, jitter=0.0)
OFFICIAL = ViewConfig(crop=0.1, time_warp=0.0, corrupted_joints=15, shear=1.0, normalise=False, augment=STILL)


def clips(people: int) -> Clips:
    """A pool of ragged clips, resident as in training."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(60, 301, (BATCH,), generator=generator)
    frames = torch.randn(int(lengths.sum()), people, 25, 3, generator=generator)
    return Clips(frames, lengths.cumsum(0) - lengths, lengths)


def rate(config: ViewConfig, people: int) -> float:
    """Clips a second, best round."""
    pool, generator = clips(people), torch.Generator().manual_seed(0)
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        views(pool, SHAPE, config, Draw(generator, BATCH, views=config.count))
        seconds.append(time.process_time() - start)
    return BATCH / min(seconds)


def main() -> None:
    """Print one JSON object."""
    torch.set_num_threads(1)
    print(
        json.dumps(
            {
                "unit": "four-view clips a second, one thread, process time",
                "torch": torch.__version__,
                "official, 2 people": round(rate(OFFICIAL, 2)),
                "official, 1 person": round(rate(OFFICIAL, 1)),
                "mild, 2 people": round(rate(ViewConfig(), 2)),
                "mild, 1 person": round(rate(ViewConfig(), 1)),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
