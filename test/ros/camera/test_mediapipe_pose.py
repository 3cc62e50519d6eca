"""MediaPipe finds people in a photograph, where its wheel brings a model."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra camera)")
pytest.importorskip("skimage", reason="needs a photograph of a person: pip install scikit-image")

from skimage.data import astronaut  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.camera.mediapipe_pose import MediaPipePose  # noqa: E402
from usdrl_ros.camera.people import People  # noqa: E402
from usdrl_ros.inputs.lens import Lens  # noqa: E402

JOINTS = topology("mediapipe_33").joints
LENS = Lens.wide(512, 512, 60.0)


@pytest.fixture(scope="module")
def estimator():
    try:
        made = MediaPipePose("", people=3, confidence=0.5)
    except ValueError as error:
        pytest.skip(str(error))
    yield made
    made.close()


def no_depth(stamp):
    return None


def joint(person, name):
    return person.joints[JOINTS.index(name)]


def test_the_astronaut_is_where_she_sits(estimator):
    people = People(estimator)
    (before,) = people.frame(astronaut(), 1.0, LENS, no_depth).people
    (person,) = people.frame(astronaut(), 1.1, LENS, no_depth).people
    assert person.id == before.id
    left, right, nose = (joint(person, name) for name in ("shoulder_left", "shoulder_right", "nose"))
    assert 0.25 < np.linalg.norm(left - right) < 0.5, "as wide as a person"
    assert 0.3 < left[2] < 1.5 and abs(left[2] - right[2]) < 0.3, "near, and facing the camera"
    assert left[0] > nose[0] > right[0], "her left is on the right side of the picture"
    assert nose[1] < left[1], "y is down"
    assert nose[2] < left[2], "the nose is nearer than the shoulders"
    assert person.confidence[JOINTS.index("nose")] > 0.9
    assert person.confidence[JOINTS.index("ankle_left")] < 0.1, "outside of the picture"
    column = LENS.cx + LENS.fx * left[0] / left[2]
    row = LENS.cy + LENS.fy * left[1] / left[2]
    assert (column, row) == (pytest.approx(303, abs=30), pytest.approx(245, abs=30)), "joints fall on their pixels"


def test_two_people_and_nobody(estimator):
    picture = np.full((512, 1200, 3), 128, np.uint8)
    picture[:, :512] = picture[:, 688:] = astronaut()
    people = People(estimator)
    lens = Lens.wide(1200, 512, 90.0)
    frames = [people.frame(picture, 10.0 + number / 10, lens, no_depth).people for number in range(6)]
    first, second = sorted(frames[-1], key=lambda person: joint(person, "nose")[0])
    assert joint(first, "nose")[0] < 0.0 < joint(second, "nose")[0]
    assert {person.id for person in frames[-1]} == {person.id for person in frames[-2]}
    nobody = np.full((512, 512, 3), 128, np.uint8)
    grey = [people.frame(nobody, 20.0 + number, LENS, no_depth).people for number in range(3)]
    assert grey[-1] == ()


def test_a_model_that_is_none_is_refused_in_one_line(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        MediaPipePose(str(tmp_path / "none.task"), 1, 0.5)
    (tmp_path / "pose.task").write_bytes(b"no model")
    with pytest.raises(ValueError, match="model: .*pose.task cannot be loaded: ") as raised:
        MediaPipePose(str(tmp_path / "pose.task"), 1, 0.5)
    assert len(str(raised.value).splitlines()) == 1


def test_a_release_without_models_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(mediapipe, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(ValueError, match="brings no model: set it to the path of a pose_landmarker.task"):
        MediaPipePose("", 1, 0.5)
