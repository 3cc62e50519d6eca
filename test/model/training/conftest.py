"""A store of 20 short clips, and its clips: tests read them and leave them as they are."""

from pathlib import Path

import pytest
from helpers.tiny_pretraining import make_store
from helpers.undrawn_losses import losses_drawn, losses_undrawn  # noqa: F401

from usdrl_model.data.store import Store
from usdrl_model.training.pretraining.clip_pool import ClipPool


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("stores"))


@pytest.fixture(scope="session")
def pool(store: Path) -> ClipPool:
    return ClipPool.of(Store.open(store), 1, 10.0)
