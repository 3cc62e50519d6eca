"""``usdrl-bag predict``: what people do in bags that nobody has labelled."""

import json
from pathlib import Path

import pytest

from usdrl_ros.bags.convert import main
from usdrl_ros.bags.write import DEFAULT_AXES


def test_a_bag_says_the_same_with_labels_and_with_options_in_their_place(tmp_path: Path, capsys) -> None:
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--rate", "10"]) == 0
    capsys.readouterr()
    assert main(["predict", str(bag), "--json", "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)["recordings"]
    assert len(said[0]["events"]) > 2
    assert main(["predict", str(bag), "--axes", "optical", "--json", "--device", "cpu"]) == 0
    other = capsys.readouterr()
    assert json.loads(other.out)["recordings"] != said, "the option counts, not the labels"
    assert "people look like people" not in other.err
    (bag / "labels.yaml").unlink()
    how = ["--topology", "kinect_v2_25", "--axes", DEFAULT_AXES, "--device", "cpu"]
    assert main(["predict", str(bag), *how, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recordings"] == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "nothing says which joints it has: give --topology"),
        (["--topology", "kinect_v2_25", "--topic", "/nothing"], "the bag has /skeletons"),
        (["--topology", "kinect2"], "did you mean"),
        (["--topic", "/nothing", "--topology", "coco_17"], "expected topic /nothing"),
    ],
)
def test_a_bag_that_nothing_describes_is_refused_in_one_line(tmp_path: Path, capsys, options, said) -> None:
    bag = tmp_path / "bag"
    assert main(["performer", str(bag), "--rate", "5"]) == 0
    (bag / "labels.yaml").unlink()
    capsys.readouterr()
    assert main(["predict", str(bag), *options]) != 0
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
