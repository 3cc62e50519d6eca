"""Terms of use: every set has them, stores and packed files carry them, and a file cannot talk itself free."""

import json
from pathlib import Path

import pytest
from helpers.comings_and_goings import recording
from helpers.own_folder import mine

from usdrl_model.cli import main
from usdrl_model.data import catalogue
from usdrl_model.data.store import Store
from usdrl_model.data.store_writer import pack, write_set
from usdrl_model.terms import COMMERCIAL, Terms


def stored(tmp_path: Path, *words: str) -> int:
    folder = tmp_path / "recordings"
    folder = folder if folder.is_dir() else mine(folder)
    return main.main(["data", "import", "own", str(folder), "--store", str(tmp_path / "store"), *words])


@pytest.mark.parametrize("name", catalogue.SETS)
def test_every_set_states_its_terms_and_their_source(name: str) -> None:
    info = catalogue.info(name)
    assert info.terms.kind != "unknown"
    assert info.terms.text
    assert info.where


def test_two_sets_and_the_simulation_may_be_in_a_product() -> None:
    allowed = [name for name in catalogue.SETS if catalogue.terms(name).commercial]
    assert allowed == ["cmu_mocap", "own"]
    assert catalogue.terms(catalogue.PERFORMER).kind == "free"
    assert "research" not in COMMERCIAL


def test_own_recordings_are_their_owners_or_what_is_stated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stored(tmp_path) == 0
    assert Store.open(tmp_path / "store").terms("own") == Terms("own")
    assert stored(tmp_path, "--name", "lent", "--terms", "research") == 0
    store = Store.open(tmp_path / "store")
    assert store.terms("lent") == Terms("research")
    assert main.main(["data", "info", str(tmp_path / "store")]) == 0
    assert "  terms: research" in capsys.readouterr().out
    pack(store, tmp_path / "x.usdrl")
    assert Store.open(tmp_path / "x.usdrl").terms("lent") == Terms("research")


def test_a_set_that_is_imported_again_keeps_its_terms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def again(*words: str) -> str:
        capsys.readouterr()
        assert stored(tmp_path, "--replace", *words) == 0
        return Store.open(tmp_path / "store").terms("own").kind

    assert again("--terms", "research") == "research"
    assert again() == "research"
    assert "own: its terms stay research; --terms states others" in capsys.readouterr().err
    assert again("--terms", "own") == "own"
    assert again() == "own" and "its terms" not in capsys.readouterr().err
    change(tmp_path / "store" / "own", "mine")
    assert stored(tmp_path, "--replace") == 1
    assert "state its terms (--terms), which cannot be read" in capsys.readouterr().err
    assert again("--terms", "free") == "free"


def test_terms_of_known_sets_cannot_be_stated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["data", "import", "utkinect", str(tmp_path), "--store", str(tmp_path / "store"), "--terms", "free"]
    assert main.main(words) == 1
    assert "those of utkinect are known (research (academic use" in capsys.readouterr().err
    write_set(tmp_path / "store", "utkinect", [recording()], terms=Terms("free"))
    assert Store.open(tmp_path / "store").terms("utkinect").kind == "research"


def test_the_performer_is_no_name_for_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stored(tmp_path, "--name", "performer") == 1
    assert "name of simulated people" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "kind"), [("utkinect", "research"), ("own", "own"), ("mine", "unknown")])
def test_older_stores_have_those_of_the_catalogue(tmp_path: Path, name: str, kind: str) -> None:
    write_set(tmp_path, name, [recording()])
    change(tmp_path / name, None)
    assert Store.open(tmp_path).terms(name).kind == kind


def test_what_a_store_claims_is_cut_escaped_and_checked(tmp_path: Path) -> None:
    write_set(tmp_path, "mine", [recording()])
    change(tmp_path / "mine", {"kind": "free", "text": "\x1b[2J\n[ERROR]" + "x" * 10**5})
    shown = str(Store.open(tmp_path).terms("mine"))
    assert shown.isprintable()
    assert len(shown) < 500
    for wrong in ({"kind": "mine, all mine", "text": ""}, {"kind": "free"}, {"kind": ["free"], "text": ""}, 7):
        change(tmp_path / "mine", wrong)
        with pytest.raises(ValueError, match="terms: expected a kind"):
            Store.open(tmp_path)


def change(folder: Path, terms: object) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "terms": terms}))
