"""Configurations survive YAML unchanged, and everything wrong in a file is named."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usdrl_model.config import apply_overrides, content_hash, dump, from_dict, load, to_dict


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimiser:
    rate: float = 0.1
    steps: int = 3

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ValueError(f"expected a rate above 0, got {self.rate}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    name: str
    device: Literal["auto", "cpu", "cuda"] = "auto"
    optimiser: Optimiser = field(default_factory=Optimiser)
    warm_up: Optimiser | None = None
    weights: dict[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    span: tuple[float, float] = (0.0, 1.0)
    limit: int | None = None
    augment: bool = True


def test_defaults_fill_what_the_mapping_leaves_out():
    assert from_dict(Training, {"name": "a"}) == Training(name="a")


def test_values_of_every_kind_are_read():
    mapping = {
        "name": "a",
        "device": "cpu",
        "optimiser": {"rate": 2},
        "warm_up": {"steps": 1},
        "weights": {"wave": 1},
        "labels": ["none", "wave"],
        "span": [1, 2.5],
        "limit": 4,
        "augment": False,
    }
    config = from_dict(Training, mapping)
    assert config == Training(
        name="a", device="cpu", optimiser=Optimiser(rate=2.0), warm_up=Optimiser(steps=1), weights={"wave": 1.0},
        labels=("none", "wave"), span=(1.0, 2.5), limit=4, augment=False,
    )  # fmt: skip
    assert isinstance(config.optimiser.rate, float) and isinstance(config.weights["wave"], float)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "missing key name"),
        ({"name": 3}, r"name: expected str, got int 3: put it in quotes"),
        (
            {"name": "a", "optimiser": {"raet": 1.0}},
            r"optimiser.raet: unknown key; did you mean 'rate'\?; known: rate, s",
        ),
        ({"name": "a", 7: 1}, "7: unknown key"),
        ({"name": "a", "optimiser": 3}, "optimiser: expected a mapping with keys rate, steps, got int 3"),
        ({"name": "a", "optimiser": {"steps": 1.0}}, "optimiser.steps: expected int, got float 1.0"),
        ({"name": "a", "optimiser": {"steps": True}}, "optimiser.steps: expected int, got bool True"),
        ({"name": "a", "optimiser": {"rate": False}}, "optimiser.rate: expected float, got bool"),
        ({"name": "a", "optimiser": {"rate": "1e-3"}}, "optimiser.rate: expected float, got str '1e-3': write 0.001"),
        ({"name": "a", "optimiser": {"rate": -1.0}}, "optimiser: expected a rate above 0, got -1.0"),
        ({"name": "a", "device": "cud"}, "device: expected one of 'auto', 'cpu', 'cuda', got str 'cud'; did .* 'cuda'"),
        ({"name": "a", "weights": {"wave": "x"}}, "weights.wave: expected float, got str 'x'"),
        ({"name": "a", "weights": [1]}, "weights: expected a mapping, got list"),
        ({"name": "a", "labels": ["none", 1]}, r"labels\[1\]: expected str"),
        ({"name": "a", "labels": "none"}, "labels: expected a list, got str 'none'"),
        ({"name": "a", "span": [1.0]}, "span: expected 2 values, got 1"),
        ({"name": "a", "augment": 1}, "augment: expected bool, got int 1"),
        (["name"], "expected a mapping with keys name"),
    ],
)
def test_what_is_wrong_is_named(mapping, message):
    with pytest.raises(ValueError, match=message):
        from_dict(Training, mapping)


def test_the_place_of_the_mapping_is_named():
    with pytest.raises(ValueError, match=r"training\.optimiser\.steps: expected int"):
        from_dict(Training, {"name": "a", "optimiser": {"steps": "3"}}, where="training")


def test_a_field_that_no_file_can_hold_is_an_error_of_the_program():
    @dataclass(frozen=True)
    class Odd:
        value: complex = 0j

    with pytest.raises(TypeError, match="cannot hold"):
        from_dict(Odd, {"value": 1})
    with pytest.raises(TypeError, match="expected a dataclass"):
        from_dict(dict, {})


def test_errors_of_a_file_start_with_its_path(tmp_path):
    path = tmp_path / "training.yaml"
    path.write_text("name: a\ndevise: cpu\n")
    with pytest.raises(ValueError, match=r"training\.yaml: devise: unknown key; did you mean 'device'"):
        load(Training, path)
    path.write_text("name: [")
    with pytest.raises(ValueError, match=r"training\.yaml: not a YAML file"):
        load(Training, path)
    path.write_text("!!python/object/apply:os.getcwd []")
    with pytest.raises(ValueError, match="not a YAML file"):
        load(Training, path)


def test_an_empty_file_gives_the_defaults(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text("# nothing here\n")
    assert load(Optimiser, path) == Optimiser()


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
numbers = st.floats(allow_nan=False, allow_infinity=False)
optimisers = st.builds(Optimiser, rate=st.floats(1e-12, 1e12), steps=st.integers())
trainings = st.builds(
    Training,
    name=words,
    device=st.sampled_from(["auto", "cpu", "cuda"]),
    optimiser=optimisers,
    warm_up=st.none() | optimisers,
    weights=st.dictionaries(words, numbers, max_size=3),
    labels=st.lists(words, max_size=3).map(tuple),
    span=st.tuples(numbers, numbers),
    limit=st.none() | st.integers(),
    augment=st.booleans(),
)


@given(trainings)
def test_yaml_gives_back_the_same(config):
    import yaml

    assert from_dict(Training, yaml.safe_load(dump(config))) == config
    assert from_dict(Training, to_dict(config)) == config
    assert content_hash(from_dict(Training, yaml.safe_load(dump(config)))) == content_hash(config)


def test_dump_writes_the_file_that_load_reads(tmp_path):
    path = tmp_path / "training.yaml"
    config = Training(name="no", labels=("on", "off"), weights={"1": 1e-7})
    assert dump(config, path) == path.read_text(encoding="utf-8")
    assert load(Training, path) == config


def test_overrides_reach_every_depth():
    config = apply_overrides(
        Training(name="a"),
        ["optimiser.rate=2", "weights.wave=0.5", "labels=[none, wave]", "device=cuda", "warm_up.steps=9", "limit=null"],
    )
    assert config == Training(
        name="a", optimiser=Optimiser(rate=2.0), weights={"wave": 0.5}, labels=("none", "wave"), device="cuda",
        warm_up=Optimiser(steps=9),
    )  # fmt: skip
    assert apply_overrides(config, ["name="]).name == "", "no text"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimiser.raet=2", r"optimiser\.raet: unknown key; did you mean 'rate'"),
        ("optimizer.rate=2", "optimizer: unknown key; did you mean 'optimiser'"),
        ("optimiser.rate", "expected key=value"),
        ("=3", "expected key=value"),
        ("name.first=3", "name has no keys, it is 'a'"),
        ("limit=many", "limit: expected int, got str 'many'"),
        ("limit=[", "the value is not YAML"),
    ],
)
def test_wrong_overrides_are_named(override, message):
    with pytest.raises(ValueError, match=message):
        apply_overrides(Training(name="a"), [override])


def test_the_hash_names_the_content():
    config = Training(name="a", weights={"x": 1.0, "y": 2.0})
    assert content_hash(config) == content_hash(replace(config, weights={"y": 2, "x": 1}))
    assert content_hash(config) != content_hash(replace(config, limit=1))
    assert len(content_hash(config)) == 16
