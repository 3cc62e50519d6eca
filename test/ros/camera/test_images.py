"""Pictures and depth of every encoding, and images that cannot be what they say."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.filmed import HEIGHT, WIDTH, depth_image, image, message  # noqa: E402

from usdrl_ros.camera import images  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "mono8"])
def test_colours(encoding, padding):
    seen = images.picture(image(1.0, 200, encoding, padding))
    assert seen.shape == (HEIGHT, WIDTH, 3) and seen.dtype == np.uint8 and seen.flags.c_contiguous
    assert (seen == ([200, 200, 200] if encoding == "mono8" else [200, 0, 0])).all()


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1"])
def test_depth_is_in_metres_and_holes_are_unknown(encoding):
    sent = depth_image(1.0, 2.5, encoding)
    assert np.allclose(images.depth(sent), 2.5)
    assert np.isnan(images.depth(depth_image(1.0, 0.0, encoding))).all()
    sent.data = np.full(len(sent.data), 255, np.uint8).tobytes()  # NaN as a float
    assert np.isnan(images.depth(sent)).all() == (encoding == "32FC1")


def test_depth_of_a_machine_that_writes_the_other_way_round():
    sent = message(1.0, "16UC1", np.full((HEIGHT, WIDTH), 2500, ">u2"), WIDTH)
    sent.is_bigendian = 1
    assert np.allclose(images.depth(sent), 2.5)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"encoding": "yuv422"}, "encoding"),
        ({"encoding": "\x1b[31m" * 100}, "encoding"),
        ({"height": 2**31, "width": 2**31}, "layout"),
        ({"height": 0}, "layout"),
        ({"step": WIDTH}, "layout"),
        ({"step": 2**32 - 1}, "layout"),
        ({"data": b"abc"}, "layout"),
    ],
)
def test_what_cannot_be_a_picture_is_refused(change, kind):
    sent = image(1.0, 200)
    for name, value in change.items():
        setattr(sent, name, value)
    with pytest.raises(InputError, match="expected") as raised:
        images.picture(sent)
    assert raised.value.kind == kind
    assert "\x1b" not in str(raised.value)


def test_a_picture_is_no_depth():
    with pytest.raises(InputError, match="is this the topic of depth"):
        images.depth(image(1.0, 200))
