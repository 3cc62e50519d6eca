"""Gestures in a folder: what is stored comes back, and nothing of others, of other weights or half-stored is taken."""

import shutil

import numpy as np
import pytest
import yaml

from usdrl_model.checkpoints import detector_file, shipped
from usdrl_model.checkpoints.loaded_detector import LoadedDetector
from usdrl_model.gestures import background, library
from usdrl_model.gestures.background import Background
from usdrl_model.gestures.gesture import Example, enrol
from usdrl_model.gestures.recogniser import Recogniser
from usdrl_model.inference import load

WEIGHTS = "a" * 64


def actions() -> tuple[np.ndarray, np.ndarray]:
    """Features of 40 actions of 10 windows each, and the action of each window; those of an action are alike."""
    draw = np.random.default_rng(0)
    classes = np.arange(40).repeat(10)
    return (draw.normal(size=(40, 16))[classes] + 0.3 * draw.normal(size=(400, 16))).astype(np.float32), classes


@pytest.fixture
def others() -> Background:
    features, classes = actions()
    return Background.of(WEIGHTS, features, classes.tolist())


def gesture(others: Background, label: str = "thumbs_up", seed: int = 1):
    draw = np.random.default_rng(seed)
    features = (draw.normal(size=16) + 0.3 * draw.normal(size=(3, 16))).astype(np.float32)
    return enrol(
        label,
        tuple(Example(source=f"recording {n}", seconds=1.5, topology="kinect_v2_25") for n in range(3)),
        features,
        others,
    )


def test_a_gesture_comes_back_as_it_was_stored(tmp_path, others):
    made = gesture(others)
    library.write(tmp_path, made)
    back = library.read(tmp_path, "thumbs_up")
    assert (back.label, back.threshold, back.spread, back.examples) == (
        "thumbs_up",
        made.threshold,
        made.spread,
        made.examples,
    )
    np.testing.assert_array_equal(back.features, made.features)
    assert (
        yaml.safe_load((tmp_path / "thumbs_up" / "gesture.yaml").read_text())["examples"][0]["source"] == "recording 0"
    )


def test_another_one_of_the_same_label_replaces_it_and_leaves_no_files(tmp_path, others):
    library.write(tmp_path, gesture(others, seed=1))
    later = gesture(others, seed=2)
    library.write(tmp_path, later)
    np.testing.assert_array_equal(library.read(tmp_path, "thumbs_up").features, later.features)
    assert len(list((tmp_path / "thumbs_up").iterdir())) == 2


def test_a_gesture_without_its_description_does_not_exist(tmp_path, others):
    library.write(tmp_path, gesture(others))
    (tmp_path / "thumbs_up" / "gesture.yaml").unlink()  # as a writer that was killed leaves it
    assert library.labels(tmp_path) == []
    with pytest.raises(FileNotFoundError, match="no gesture 'thumbs_up'"):
        library.read(tmp_path, "thumbs_up")


def test_removed_gestures_are_gone_and_unknown_ones_are_errors_that_name_the_nearest(tmp_path, others):
    library.write(tmp_path, gesture(others))
    with pytest.raises(FileNotFoundError, match="did you mean 'thumbs_up'"):
        library.remove(tmp_path, "thumb_up")
    library.remove(tmp_path, "thumbs_up")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["thumbs_up.bak", "thumbs up", ".thumbs_up", "x" * 65])
def test_a_copy_whose_name_is_no_label_is_no_gesture(tmp_path, others, name):
    library.write(tmp_path, gesture(others))
    shutil.copytree(tmp_path / "thumbs_up", tmp_path / name)
    assert library.labels(tmp_path) == ["thumbs_up"]
    assert [one.label for one in library.read_all(tmp_path, WEIGHTS)] == ["thumbs_up"]


def test_a_gesture_whose_features_are_missing_says_what_to_do_and_can_be_removed(tmp_path, others):
    library.write(tmp_path, gesture(others))
    next((tmp_path / "thumbs_up").glob("features_*")).unlink()
    with pytest.raises(ValueError, match=r"safetensors: missing: usdrl gestures remove thumbs_up, then enrol it again"):
        library.read_all(tmp_path, WEIGHTS)
    library.remove(tmp_path, "thumbs_up")
    assert library.read_all(tmp_path, WEIGHTS) == []


def test_nothing_is_removed_while_another_one_changes_the_gestures(tmp_path, others):
    library.write(tmp_path, gesture(others))
    with library.alone(tmp_path), pytest.raises(BlockingIOError, match="is in use by process"):
        library.remove(tmp_path, "thumbs_up")
    assert library.labels(tmp_path) == ["thumbs_up"]


def test_a_gesture_may_have_the_name_of_a_lock(tmp_path, others):
    with library.alone(tmp_path):
        library.write(tmp_path, gesture(others, "lock"))
    with library.alone(tmp_path):
        library.write(tmp_path, gesture(others, "nod"))
    assert library.labels(tmp_path) == ["lock", "nod"]
    library.remove(tmp_path, "lock")
    assert [path.name for path in tmp_path.iterdir()] == ["nod"]


def test_gestures_of_other_weights_are_refused(tmp_path, others):
    library.write(tmp_path, gesture(others))
    assert [one.label for one in library.read_all(tmp_path, WEIGHTS)] == ["thumbs_up"]
    with pytest.raises(
        ValueError, match="thumbs_up was made with weights 'aaaaaaaaaaaa', not with bbbbbbbbbbbb: enrol again"
    ):
        library.read_all(tmp_path, "b" * 64)


@pytest.mark.parametrize("label", ["", "../etc", "a b", "x" * 65, "é"])
def test_a_label_is_a_word(tmp_path, others, label):
    with pytest.raises(ValueError, match="letters, digits and underscores"):
        gesture(others, label)
    with pytest.raises(ValueError, match="letters, digits and underscores"):
        library.read(tmp_path, label)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": "../../other.safetensors"}, "name of a file beside it"),
        ({"format": "usdrl.gesture/9"}, "expected 'usdrl.gesture/1'"),
        ({"labell": "x"}, "did you mean 'label'"),
        ({"size": 10**9}, "expected at most 16384"),
        ({"examples": []}, "expected 1 to 10"),
        ({"spread": 0.0}, "spread: expected"),
        ({"threshold": -5.0}, "threshold: expected 0 or more"),
        ({"label": "other"}, "give the folder its name"),
        ({"sha256": "0" * 64}, "not the file that gesture.yaml describes"),
        ({"size": 8}, "features"),
    ],
)
def test_descriptions_of_others_are_checked(tmp_path, others, change, message):
    library.write(tmp_path, gesture(others))
    file = tmp_path / "thumbs_up" / "gesture.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        library.read(tmp_path, "thumbs_up")


def test_a_gesture_is_told_from_others_at_its_threshold(others):
    made = gesture(others)
    known = Recogniser([made], others, load.load("hri", "cpu"))
    assert (known.scores(made.features) > 0.5).all()
    assert (known.scores(actions()[0]) > 0.5).mean() < 0.01


def test_a_background_comes_back_and_fits_its_weights_alone(tmp_path, others):
    others.save(tmp_path / background.NAME)
    back = Background.read(tmp_path / background.NAME)
    features = np.random.default_rng(0).normal(size=(5, 16)).astype(np.float32)
    np.testing.assert_allclose(back(features), others(features), rtol=0.0, atol=5e-3)

    config = detector_file.load("hri", "cpu").config

    def loaded(sha256: str, made_from: str = "") -> LoadedDetector:
        return LoadedDetector("x", tmp_path, sha256, object(), config, made_from=made_from)

    assert background.find(loaded(WEIGHTS)).weights == WEIGHTS
    assert background.find(loaded("c" * 64, made_from=WEIGHTS)).weights == WEIGHTS
    with pytest.raises(
        ValueError, match="made for other weights than x: make it again with 'usdrl gestures background"
    ):
        background.find(loaded("b" * 64))
    (tmp_path / background.NAME).unlink()
    with pytest.raises(FileNotFoundError, match="make it with 'usdrl gestures background --weights"):
        background.find(loaded(WEIGHTS))


@pytest.mark.parametrize("shape", ["", "1 2", "1 2 x", "0 2 3", f"{10**9} 2 3"])
def test_a_background_of_impossible_sizes_is_refused(tmp_path, others, shape):
    from usdrl_model.checkpoints import tensor_file

    tensor_file.write(tmp_path / "b", {"mean": np.zeros(2, np.float32)}, {"format": background.FORMAT, "shape": shape})
    with pytest.raises(ValueError, match="expected three sizes"):
        Background.read(tmp_path / "b")


def test_a_background_needs_windows():
    with pytest.raises(ValueError, match="at least 100 windows for a background, got 5: add recordings"):
        Background.of(WEIGHTS, np.ones((5, 4), np.float32), [0] * 5)
    with pytest.raises(ValueError, match="at least 20 windows of known actions, got 0"):
        Background.of(WEIGHTS, np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32), [-1] * 200)


@pytest.mark.parametrize("name", shipped.names("detector"))
def test_shipped_detectors_of_windows_come_with_a_background_of_their_own(name: str) -> None:
    weights = detector_file.load(name, "cpu")
    if weights.config.detector.encoder.people > 1:
        pytest.skip("gestures are what one person does")
    if weights.config.detector.streaming:
        with pytest.raises(ValueError, match=f"{name} is a streaming detector: gestures are told by one of windows"):
            background.check_windows(weights)
    elif weights.config.detector.encoder.flat:
        with pytest.raises(FileNotFoundError, match="background"):
            background.find(weights)
    else:
        assert background.find(weights).weights == weights.sha256


def test_a_file_is_no_folder_of_gestures(tmp_path):
    (tmp_path / "gestures").write_text("")
    with pytest.raises(NotADirectoryError, match="gestures: expected a folder of gestures, got a file"):
        library.read_all(tmp_path / "gestures", WEIGHTS)


def test_the_folder_of_one_gesture_is_not_taken_for_an_empty_folder_of_gestures(tmp_path, others):
    library.write(tmp_path, gesture(others))
    with pytest.raises(NotADirectoryError, match="got one gesture: name the folder above it"):
        library.labels(tmp_path / "thumbs_up")
