"""People are where they are, whichever way their place is found."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.filmed import FOCAL, HEIGHT, WIDTH, ColourEstimator, body, camera_info, depth_image, message, pose  # noqa: E402

from usdrl_ros.camera.geometry import SKIN, place  # noqa: E402
from usdrl_ros.camera.people import People  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.depth_image import DepthImage  # noqa: E402
from usdrl_ros.inputs.lens import Lens, is_rectified  # noqa: E402

LENS = Lens(FOCAL, FOCAL, WIDTH / 2, HEIGHT / 2)


class Sees(ColourEstimator):
    def __init__(self, *poses):
        super().__init__()
        self._poses = list(poses)

    def poses(self, picture, stamp):
        return self._poses

    def add(self, pose):
        self._poses.append(pose)


def people(*poses, depth=None, lens=LENS):
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return People(Sees(*poses)).frame(picture, 1.0, lens, lambda at: depth).people


@given(distance=st.floats(2.2, 8.0), right=st.floats(-0.3, 0.3), focal=st.floats(40.0, 60.0))
def test_somebody_as_tall_as_believed_is_where_they_are(distance, right, focal):
    true = body(distance, right)
    assert place(pose(true, focal=focal), Lens(focal, focal, WIDTH / 2, HEIGHT / 2)) == pytest.approx(true, abs=1e-6)


def test_somebody_smaller_than_believed_counts_as_farther_away_unless_depth_tells():
    true = body(3.0)
    seen = pose(true, believed=1.25)
    (by_size,) = people(seen)
    assert by_size.joints == pytest.approx(1.25 * true, abs=1e-6)
    (by_depth,) = people(seen, depth=DepthImage(depth_image(1.0, 3.0 - SKIN)))
    assert by_depth.joints == pytest.approx(true, rel=0.05)  # the trunk has depth too


def test_where_depth_is_missing_somebody_keeps_the_size_that_it_gave_them():
    true, picture = body(3.0), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    found = People(Sees(pose(true, believed=1.25)))
    hole = DepthImage(depth_image(1.0, 0.0))
    for stamp, depth in ((1.0, DepthImage(depth_image(1.0, 3.0 - SKIN))), (1.1, hole), (1.2, None), (1.9, None)):
        (person,) = found.frame(picture, stamp, LENS, lambda at, depth=depth: depth).people
        assert person.joints == pytest.approx(true, rel=0.05)
    assert found.counters == {"placed.by_depth": 1, "placed.by_size": 2, "placed.by_size_beyond_depth": 1}
    (new,) = found.frame(picture, 9.0, LENS, lambda at: None).people
    assert new.joints == pytest.approx(1.25 * true, abs=1e-6)


def test_depth_that_comes_later_than_the_people_tells_of_them_with_the_next_picture():
    true, picture, come = body(3.0), np.zeros((HEIGHT, WIDTH, 3), np.uint8), {}
    found, there = People(Sees(pose(true, believed=1.25))), []
    for stamp in (1.0, 1.1, 1.2, 1.3):
        (person,) = found.frame(picture, stamp, LENS, come.get).people
        there.append(person.joints[[23, 24], 2].mean())
        come[stamp] = DepthImage(depth_image(stamp, 3.0 - SKIN))
    assert there == pytest.approx([3.75, 3.0, 3.0, 3.0], rel=0.05)


def test_somebody_new_waits_for_depth_that_comes_late():
    picture, come = np.zeros((HEIGHT, WIDTH, 3), np.uint8), {}
    sees = Sees(pose(body(2.5, -0.6)))
    found, seen = People(sees), []
    for stamp in (1.0, 1.1, 1.2, 1.3, 1.4):
        seen.append(len(found.frame(picture, stamp, LENS, come.get).people))
        come[stamp] = DepthImage(depth_image(stamp, 2.5 - SKIN))
        if stamp == 1.1:
            sees.add(pose(body(5.0, 0.8)))  # beyond what depth shows: it never tells of them
    assert seen == [1, 1, 1, 2, 2]


def test_depth_with_holes_a_hand_in_front_and_another_resolution():
    seen = pose(body(3.0), believed=1.2)
    depth = np.full((4 * HEIGHT, 4 * WIDTH), 3.0 - SKIN, np.float32)
    depth[::2] = np.nan
    column, row = (4 * seen.pixels[11]).astype(int)  # the left shoulder
    depth[row - 5 : row + 6, column - 5 : column + 6] = 2.4
    (person,) = people(seen, depth=DepthImage(message(1.0, "32FC1", depth, 4 * WIDTH)))
    assert person.joints[[23, 24], 2].mean() == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize("metres", [0.5, 12.0, np.nan])
def test_depth_of_something_else_is_not_used(metres):
    (person,) = people(pose(body(3.0)), depth=DepthImage(depth_image(1.0, metres, "32FC1")))
    assert person.joints[[23, 24], 2].mean() == pytest.approx(3.0, abs=1e-6)


def test_joints_outside_of_the_picture_count_as_not_seen():
    (person,) = people(pose(body(1.3)))
    outside = person.confidence == 0.0
    assert outside[[27, 28]].all() and not outside[[11, 12]].any()


def test_who_shows_too_little_has_no_place():
    seen = pose(body(3.0))
    assert people(replace(seen, confidence=np.where(np.arange(33) < 3, 0.9, 0.1))) == ()
    assert people(replace(seen, pixels=np.full((33, 2), np.nan))) == ()
    assert people(replace(seen, metres=np.full((33, 3), np.nan))) == ()


def test_two_people_have_two_places():
    near, far = people(pose(body(2.5, -0.6)), pose(body(5.0, 0.8)))
    assert near.id != far.id
    assert near.joints[23, 2] < 2.7 < far.joints[23, 2]


def test_a_lens_by_its_field_of_view():
    assert Lens.wide(200, 100, 90.0) == Lens(pytest.approx(100.0), pytest.approx(100.0), 100.0, 50.0)


def test_a_calibration_of_another_resolution_is_scaled_and_of_another_shape_refused():
    assert Lens.calibrated(camera_info(), 2 * WIDTH, 2 * HEIGHT) == Lens(2 * FOCAL, 2 * FOCAL, WIDTH, HEIGHT)
    with pytest.raises(InputError, match="expected the calibration of a picture of 64 x 64, got 64 x 48"):
        Lens.calibrated(camera_info(), 64, 64)
    with pytest.raises(InputError, match="calibrate the camera"):
        Lens.calibrated(camera_info(focal=0.0), WIDTH, HEIGHT)
    with pytest.raises(InputError, match="calibrate the camera"):
        Lens.calibrated(camera_info(focal=float("nan")), WIDTH, HEIGHT)


def test_a_rectified_picture_has_the_lens_of_its_projection():
    info = camera_info()
    info.p = [0.9 * FOCAL, 0.0, 30.0, 0.0, 0.0, 0.8 * FOCAL, 20.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert Lens.calibrated(info, WIDTH, HEIGHT, rectified=True) == Lens(0.9 * FOCAL, 0.8 * FOCAL, 30.0, 20.0)
    assert Lens.calibrated(info, WIDTH, HEIGHT) == LENS == Lens.calibrated(camera_info(), WIDTH, HEIGHT, rectified=True)
    assert is_rectified("/camera/image_rect") and is_rectified("/depth", "/left/image_rect_color")
    assert not is_rectified("/camera/direct", "/rect/image_raw", "/camera/depth_registered")
