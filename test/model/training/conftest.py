"""A store of 20 short clips, and its clips, which tests read and leave as they are; runs do without what is slow."""

from pathlib import Path

import pytest
from helpers.tiny_pretraining import make_store
from helpers.undrawn_losses import losses_drawn, losses_undrawn  # noqa: F401

from usdrl_model.data.store import Store
from usdrl_model.training.pretraining import train
from usdrl_model.training.pretraining.clip_pool import ClipPool


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("stores"))


@pytest.fixture(scope="session")
def pool(store: Path) -> ClipPool:
    return ClipPool.of(Store.open(store), 1, 10.0)


@pytest.fixture(autouse=True)
def operations_uncounted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting the operations of a network takes as long as ten steps of a tiny run, whose utilisation says nothing."""
    if "operations_counted" not in request.fixturenames:
        monkeypatch.setattr(train, "training_flops", lambda build, encoder: 1.0)
        monkeypatch.setattr(train, "forward_flops", lambda encoder: 1.0)


@pytest.fixture
def operations_counted() -> None:
    """For tests of what is counted, and of a run as users have it."""
