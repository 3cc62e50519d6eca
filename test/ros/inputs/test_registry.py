"""Input adapters are entry points, of this package and of others: missing, broken or of another version."""

import sys
import textwrap
from importlib import metadata

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from geometry_msgs.msg import Point, Pose, PoseArray  # noqa: E402
from helpers.messages import HEADER, KINECT  # noqa: E402
from helpers.plug_ins import write  # noqa: E402
from rclpy.serialization import serialize_message  # noqa: E402

from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError  # noqa: E402
from usdrl_ros.inputs.conversion import Conversion  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.inputs.deserialiser import Deserialiser  # noqa: E402
from usdrl_ros.parameters import declaration, declarations  # noqa: E402

GOOD = """
    import numpy as np
    from usdrl_model.skeleton.person import Person
    from usdrl_ros.inputs.adapter import Adapter

    def decode(message, context):
        points = np.array([(p.position.x, p.position.y, p.position.z) for p in message.poses])
        context.warn("odd", "a little odd")
        return context.frame([Person("anna", points)])

    ADAPTER = Adapter(message="geometry_msgs/msg/PoseArray", version=1, decode=decode)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """install(code, name): a distribution on sys.path that registers an adapter."""
    monkeypatch.syspath_prepend(str(tmp_path))
    modules = []

    def install(code=GOOD, name="mine", module="mine_adapter"):
        write(tmp_path, name, textwrap.dedent(code), module)
        modules.append(module)

    yield install
    for module in modules:
        sys.modules.pop(module, None)


def convert(source, **context):
    """What becomes of messages of an adapter, in bytes, as in the node."""
    given = Context(topology=KINECT, **context)
    return Conversion(
        deserialise=Deserialiser(source.message_type, source.adapter.parts),
        decode=source.adapter.decoder(given),
        context=given,
        frames=Frames("kinect"),
    )


def poses(count=25):
    places = [Pose(position=Point(x=0.1 * n, y=0.5, z=2.0)) for n in range(count)]
    return bytes(serialize_message(PoseArray(header=HEADER, poses=places)))


def test_the_adapters_of_this_package_are_registered():
    assert {"point_cloud", "marker_array", "pose_array"} <= set(registry.built_in())
    assert registry.names()[: len(registry.built_in())] == registry.built_in()


def test_an_adapter_of_another_package_gets_the_context_and_gives_string_ids(install):
    install()
    assert registry.names()[-1] == "mine"
    declaration.check(next(p for p in declarations.PARAMETERS if p.name == "input_type"), "mine")
    warned = []
    source, frame = convert(registry.find("mine"), frame_id="mast", warn=lambda *odd: warned.append(odd))(poses(), 7.25)
    assert (source.frame.stamp, source.stamp.nanosec, source.frame_id) == (7.25, 250_000_000, "mast")
    assert [person.id for person in frame.people] == ["anna"]
    np.testing.assert_allclose(frame.people[0].joints[:, 2], 2.0)
    assert warned == [("odd", "a little odd")]


def test_a_name_that_is_not_registered_names_the_nearest(install):
    install()
    with pytest.raises(ValueError, match="did you mean 'mine'"):
        registry.find("mien")
    with pytest.raises(ValueError, match=r"other\s+packages must be installed"):
        registry.find("quite_another")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('no licence\\n[FATAL] forged')", r"mine_adapter 2\.1 cannot be loaded \(RuntimeError: no"),
        ("import sys; sys.exit(3)", "cannot be loaded .SystemExit"),
        ("import a_library_that_is_missing", "No module named 'a_library_that_is_missing'"),
        ("OTHER = 1", "cannot be loaded .AttributeError"),
        ("ADAPTER = print", "to be a usdrl_ros.inputs.adapter.Adapter, got builtin_function"),
        (GOOD.replace("version=1", "version=7"), "written for version 7 of the interface, this is version 1"),
        (GOOD.replace("geometry_msgs", "nowhere_msgs"), "package nowhere_msgs is not installed.*sudo apt install"),
    ],
)
def test_a_plug_in_that_cannot_be_used_says_why_in_one_line(install, code, reason):
    install(code)
    assert "mine" in registry.names(), "it is listed all the same"
    with pytest.raises(ValueError, match=reason) as error:
        registry.find("mine")
    assert "\n" not in str(error.value)
    assert registry.find("pose_array").name == "pose_array", "the others are not touched"
    assert "mine" not in registry.readers("nav_msgs/msg/Path")


def test_two_packages_of_one_name(install):
    install()
    install(module="other_adapter")
    with pytest.raises(ValueError, match="several packages.*mine_adapter 2.1.*uninstall all"):
        registry.find("mine")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("return 1 / 0", "adapter"),
        ("return [1, 2]", "adapter"),
        ("return context.frame([Person('a', points[:3])])", "adapter"),
        ("return context.frame([Person('a', points, points[:, 0][:4])])", "adapter"),
        ("return context.frame([Person(3, points)])", "person_id"),
        ("return context.frame([Person('', points)])", "person_id"),
        ("return context.frame([Person('a\\n[FATAL]', points)])", "person_id"),
        ("return context.frame([Person('a', points), Person('a', points)])", "duplicate_person"),
        ("return context.frame([Person(str(n), points) for n in range(65)])", "too_many_people"),
    ],
)
def test_nonsense_of_a_plug_in_is_refused(install, line, kind):
    install(GOOD.replace('return context.frame([Person("anna", points)])', line))
    with pytest.raises(InputError) as error:
        convert(registry.find("mine"))(poses(), 7.25)
    assert error.value.kind == kind


def test_without_a_clock_nothing_is_stamped_on_arrival(install):
    install()
    with pytest.raises(InputError, match="use_sim_time") as error:
        convert(registry.find("mine"))(poses(), 0.0)
    assert error.value.kind == "no_clock"


def test_a_class_is_made_once_from_the_context(install):
    install(
        """
        from usdrl_ros.inputs.adapter import Adapter

        class Counting:
            def __init__(self, context):
                if not context.file:
                    raise ValueError("input_file: give the path of a table")
                self.file, self.count = context.file, 0

            def __call__(self, message, context):
                self.count += 1
                context.warn(self.file, str(self.count))

        ADAPTER = Adapter(message="geometry_msgs/msg/PoseArray", version=1, decode=Counting)
        """
    )
    with pytest.raises(ValueError, match="input_file"):
        convert(registry.find("mine"))
    warned = []
    conversion = convert(registry.find("mine"), file="table.yaml", warn=lambda *odd: warned.append(odd))
    assert [conversion(poses(), 1.0 + n) for n in range(2)] == [None, None]
    assert warned == [("table.yaml", "1"), ("table.yaml", "2")]


def test_a_joint_set_that_its_messages_cannot_have(install):
    install(GOOD.replace("version=1", "version=1, topologies=('coco_17', 'mediapipe_33')"))
    with pytest.raises(ValueError, match="topology: got kinect_v2_25; allowed .* coco_17, mediapipe_33"):
        convert(registry.find("mine"))


def test_larger_messages_than_an_adapter_expects_are_not_deserialised(install):
    install(GOOD.replace("version=1", "version=1, parts=25"))
    assert convert(registry.find("mine"))(poses(25), 7.25)
    with pytest.raises(InputError) as error:
        convert(registry.find("mine"))(poses(26), 7.25)
    assert error.value.kind == "too_many_parts"


def test_what_is_installed_is_read_once_however_often_it_is_asked(monkeypatch):
    read: list[str] = []

    def counted(**which):
        read.append(which["group"])
        return metadata.entry_points(**which)

    monkeypatch.setattr(registry, "entry_points", counted)
    registry._scan.cache_clear()
    assert registry.guessable() and registry.readers("std_msgs/msg/String") and registry.find("pose_array")
    assert read == [registry.GROUP]
