import hashlib
import json

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
