"""Pictures of every encoding, and images that cannot be what they say."""

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from helpers.filmed import HEIGHT, WIDTH, image  # noqa: E402

from usdrl_ros.camera import images  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8", "mono8"])
def test_colours(encoding, padding):
    seen = images.picture(image(1.0, 200, encoding, padding))
    assert seen.shape == (HEIGHT, WIDTH, 3) and seen.dtype == np.uint8 and seen.flags.c_contiguous
    assert (seen == ([200, 200, 200] if encoding == "mono8" else [200, 0, 0])).all()


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
