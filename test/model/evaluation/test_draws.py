"""Which training clips keep their labels."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usdrl_model.evaluation.clips.draws import draw_share, draw_shots

CLIPS = st.lists(st.sampled_from("abc"), min_size=1, max_size=40)


@settings(max_examples=60)
@given(CLIPS, st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.integers(0, 5))
def test_shares_are_stratified_nested_and_decided_by_the_seed(
    labels: list[str], one: float, other: float, seed: int
) -> None:
    names = [f"clip {n}" for n in range(len(labels))]
    small, large = (draw_share(labels, names, share, seed) for share in sorted((one, other)))
    assert set(small) <= set(large)
    assert small == draw_share(labels, names, min(one, other), seed)
    assert draw_share(labels, names, 1.0, seed) == list(range(len(labels)))
    for label, count in Counter(labels).items():
        kept = sum(labels[row] == label for row in large)
        assert kept == max(1, round(max(one, other) * count))


@settings(max_examples=40)
@given(CLIPS, st.integers(1, 4), st.integers(0, 5), st.randoms())
def test_shots_are_even_nested_and_do_not_depend_on_the_order(labels: list[str], shots: int, seed: int, random) -> None:
    names = [f"clip {n}" for n in range(len(labels))]
    if min(Counter(labels).values()) < shots:
        with pytest.raises(ValueError, match="ask for fewer"):
            draw_shots(labels, names, shots, seed)
        return
    rows = draw_shots(labels, names, shots, seed)
    assert Counter(labels[row] for row in rows) == dict.fromkeys(labels, shots)
    assert {names[row] for row in draw_shots(labels, names, 1, seed)} <= {names[row] for row in rows}
    order = list(range(len(labels)))
    random.shuffle(order)
    shuffled = draw_shots([labels[n] for n in order], [names[n] for n in order], shots, seed)
    assert {names[order[row]] for row in shuffled} == {names[row] for row in rows}


def test_another_seed_draws_other_clips() -> None:
    labels, names = ["a"] * 50, [str(n) for n in range(50)]
    assert len({tuple(draw_shots(labels, names, 3, seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_shares_that_are_none_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share of the labels"):
        draw_share(["a"], ["1"], share, 0)
