import hashlib
import json
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from typer.testing import CliRunner

from musigenre import AudioFeatures, GenrePipeline, make_tracks, pretrained
from musigenre.archive import ModelFileError
from musigenre.cli import app


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Put a small model where those of the package would be."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 22050))
    X[::2] = np.cumsum(X[::2], axis=1) / 100
    model = make_pipeline(AudioFeatures(), LogisticRegression(max_iter=10_000))
    path = tmp_path / "package" / "gtzan.musigenre"
    path.parent.mkdir()
    GenrePipeline(model, clip_duration=None).fit(X, ["brown", "white"] * 3).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps({"sha256": digest}))
    monkeypatch.setattr(pretrained, "files", lambda package: path.parent)
    monkeypatch.setattr(pretrained, "MODELS", {"gtzan": digest})
    return path


def test_a_model_that_is_there(shipped):
    pipeline = GenrePipeline.from_pretrained()
    assert type(pipeline) is GenrePipeline
    noise = np.random.default_rng(1).normal(size=(1, 22050))
    assert pipeline.predict(noise).tolist() == ["white"]
    assert pretrained.card() == {"sha256": pretrained.MODELS["gtzan"]}


def test_another_file_in_its_place_is_not_loaded(shipped):
    GenrePipeline.load(shipped).set_params(clip_duration=3.0).save(shipped)
    with pytest.raises(ModelFileError, match=r"is not the one .* install musigenre again"):
        GenrePipeline.from_pretrained()


def test_a_model_that_is_not_there(shipped, monkeypatch):
    with pytest.raises(ValueError, match="there is no model 'other'; there is 'gtzan'"):
        GenrePipeline.from_pretrained("other")
    shipped.unlink()
    for digest in ("0" * 64, None):
        monkeypatch.setattr(pretrained, "MODELS", {"gtzan": digest})
        with pytest.raises(ValueError, match="comes without the model 'gtzan'; install a release"):
            GenrePipeline.from_pretrained()


def test_the_command_takes_it_by_default(shipped, tmp_path):
    tracks = make_tracks(
        tmp_path / "tracks", 1, duration=2, kinds=["synthetic-pop"], random_state=0
    )
    result = CliRunner().invoke(app, ["predict", *tracks.data, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["genre"] in ("brown", "white")


def test_the_command_says_what_to_do_without(tmp_path, monkeypatch):
    monkeypatch.setattr(pretrained, "MODELS", {"gtzan": None})
    result = CliRunner().invoke(app, ["predict", str(tmp_path)])
    assert result.exit_code == 2
    assert "comes without the model 'gtzan'" in result.stderr
    assert "--model FILE" in result.stderr


@pytest.mark.parametrize("name", pretrained.MODELS)
def test_the_model_of_this_version(name):
    if pretrained.MODELS[name] is None:
        pytest.skip(f"the model {name!r} is not in this checkout")
    pipeline = GenrePipeline.from_pretrained(name)
    assert pretrained.card(name)["sha256"] == pretrained.MODELS[name]
    assert len(pipeline.classes_) == 10


needs_the_model = pytest.mark.skipif(
    pretrained.MODELS["gtzan"] is None, reason="the model 'gtzan' is not in this checkout"
)


@needs_the_model
def test_the_card_is_shown():
    found = pretrained.card()
    artist = found["protocols"]["artist"]
    result = CliRunner().invoke(app, ["card"])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    figures = f"{artist['accuracy']:.1%}  {artist['at_probability']['0.7']['accuracy']:.1%}"
    assert any(line.startswith("artist") and figures in line for line in lines)
    for i, genre in enumerate(found["genres"]):
        numbers = f"{artist['recall'][i]:.0%} {artist['precision'][i]:.0%}"
        assert f"{genre} {found['data']['tracks_of_genre'][genre]} " in " ".join(
            result.stdout.split()
        )
        assert any(
            line.split()[0:1] == [genre] and numbers.split() == line.split()[3:] for line in lines
        )
    text = " ".join(result.stdout.split())
    assert all(" ".join(limit.split()) in text for limit in found["limits"])
    as_json = CliRunner().invoke(app, ["card", "--json"])
    assert json.loads(as_json.stdout) == found


@needs_the_model
@pytest.mark.parametrize("is_terminal", [True, False])
def test_who_predicts_on_a_terminal_is_told_what_to_expect(tmp_path, monkeypatch, is_terminal):
    stderr = SimpleNamespace(isatty=lambda: is_terminal)
    monkeypatch.setattr("musigenre.cli._predict.sys", SimpleNamespace(stderr=stderr))
    kinds = ["synthetic-pop"]
    tracks = make_tracks(tmp_path / "tracks", 1, duration=2, kinds=kinds, random_state=0)
    result = CliRunner().invoke(app, ["predict", *tracks.data])
    assert result.exit_code == 0, result.output
    accuracy = pretrained.card()["protocols"]["artist"]["accuracy"]
    assert (f"note: {accuracy:.0%} of GTZAN's tracks" in result.stderr) == is_terminal
