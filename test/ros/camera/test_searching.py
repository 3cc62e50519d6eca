"""Which pictures are searched: as many a second as allowed, whatever their stamps do."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.filmed import HEIGHT, WIDTH, ColourEstimator, depth_image, message  # noqa: E402
from helpers.ros_peer import header  # noqa: E402

from usdrl_ros.camera.geometry import SKIN  # noqa: E402
from usdrl_ros.camera.health import Health  # noqa: E402
from usdrl_ros.camera.people import People  # noqa: E402
from usdrl_ros.camera.searching import Searching, Shot  # noqa: E402
from usdrl_ros.camera.view import View  # noqa: E402

BEGIN = 1.7e9
PICTURE = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)  # somebody 3 m ahead


def searched(stamps, max_rate):
    """The stamps of the pictures that are searched, one after another, seconds."""
    taken = []

    def publish(frame, header):
        taken.append(frame.stamp)

    searching = Searching(
        People(ColourEstimator()), View(60.0, print), publish, Health(lambda: 0.0, print), lambda: 0.0
    )
    searching.max_rate = max_rate
    searching.listen(True)
    nothing = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for stamp in stamps:
        searching._search(Shot(header(stamp, "lens"), lambda: nothing), 0.0)
    searching.stop(1.0)
    return np.array(taken)


def test_depth_that_comes_while_people_are_searched_is_used():
    view, placed = View(60.0, print), []

    class Slow(ColourEstimator):
        def poses(self, picture, stamp):
            view.depths.add(depth_image(stamp, 2.4))
            return super().poses(picture, stamp)

    health = Health(lambda: 0.0, print)
    searching = Searching(People(Slow()), view, lambda frame, header: placed.append(frame), health, lambda: 0.0)
    searching.listen(True)
    searching._search(Shot(header(BEGIN, "lens"), lambda: PICTURE), 0.0)
    searching.stop(1.0)
    assert placed[0].people[0].joints[[23, 24], 2].mean() == pytest.approx(2.4 + SKIN, rel=0.1)


def test_depth_of_another_view_is_refused_once_an_image():
    view, health, refused = View(60.0, print), Health(lambda: 0.0, print), []
    health.refused = refused.append
    searching = Searching(People(ColourEstimator()), view, lambda frame, header: None, health, lambda: 0.0)
    searching.listen(True)
    for stamp in (BEGIN, BEGIN + 0.1, BEGIN + 0.2):
        view.depths.add(message(stamp, "32FC1", np.full((HEIGHT, 2 * WIDTH), 2.4, np.float32), 2 * WIDTH))
        searching._search(Shot(header(stamp, "lens"), lambda: PICTURE), 0.0)
    searching.stop(1.0)
    assert [error.kind for error in refused] == 3 * ["depth_size"]


def filmed(rate, jitter, seconds=40.0):
    count = int(rate * seconds)
    return BEGIN + np.sort(np.arange(count) / rate + np.random.default_rng(0).normal(scale=jitter, size=count))


@pytest.mark.parametrize("jitter", [0.0, 0.002, 0.004])
@pytest.mark.parametrize(("camera", "searched_rate"), [(25.0, 25.0), (30.0, 30.0), (60.0, 30.0), (90.0, 30.0)])
def test_late_and_early_pictures_count_and_the_rate_is_kept(camera, searched_rate, jitter):
    taken = searched(filmed(camera, jitter), 30.0)
    assert len(taken) / 40.0 == pytest.approx(searched_rate, rel=0.02)


def test_nothing_is_made_up_for_after_a_pause():
    stamps = np.concatenate([filmed(100.0, 0.0, 1.0), filmed(100.0, 0.0, 1.0) + 5.0])
    taken = searched(stamps, 10.0)
    for begin in (BEGIN, BEGIN + 5.0):
        assert 10 <= np.sum((begin - 0.01 < taken) & (taken < begin + 1.0)) <= 11


def test_a_repeated_picture_is_searched_once_and_a_clock_that_is_set_back_begins_anew():
    taken = searched([BEGIN, BEGIN, BEGIN + 0.2, BEGIN - 9.0, BEGIN - 8.99, BEGIN - 8.8], 10.0)
    assert taken - BEGIN == pytest.approx([0.0, 0.2, -9.0, -8.8], abs=1e-5)
