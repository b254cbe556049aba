"""The figures that the documents state are those of the records beside them."""

import dataclasses
import glob
import json
import os
import re
import subprocess
import sys

import pytest

from train import recipes

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORDS = os.path.join(HERE, "docs", "results")
NAMES = sorted(name for name in os.listdir(RECORDS) if os.path.isdir(os.path.join(RECORDS, name)))


def scores(name):
    with open(os.path.join(RECORDS, name, "eval.json"), encoding="utf-8") as file:
        return json.load(file)


def read(*parts):
    with open(os.path.join(HERE, *parts), encoding="utf-8") as file:
        return file.read()


def tool(*flags):
    return subprocess.run([sys.executable, os.path.join("benchmarks", "results.py")] + list(flags), cwd=HERE).returncode


def test_the_tables_of_the_results_are_made_from_their_records():
    assert NAMES
    assert tool("--check") == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_record_agrees_with_itself(name):
    found = scores(name)
    there = [row["iou"] for row in found["classes"] if row["iou"] is not None]
    assert found["mean_iou"] == pytest.approx(sum(there) / len(there), abs=1e-9)
    matrix = found["confusion"]
    right = sum(row[place] for place, row in enumerate(matrix))
    total = sum(map(sum, matrix)) + sum(found["other"])
    assert found["pixel_accuracy"] == pytest.approx(right / total, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_record_names_no_place_of_the_machine_that_made_it(name):
    for file in ("run.json", "eval.json"):
        assert not re.search(r'"(/|[A-Z]:\\\\)', read("docs", "results", name, file))


def test_what_the_readme_calls_a_plain_command_was_trained_by_todays_recipes():
    rows = [line for line in read("README.md").splitlines() if "docs/results/" in line and "--recipe" not in line]
    assert rows
    for line in rows:
        name = re.search(r"docs/results/([^/)]+)", line).group(1)
        with open(os.path.join(RECORDS, name, "run.json"), encoding="utf-8") as file:
            held = json.load(file)["settings"]["recipe"]
        assert recipes.from_document(held) == recipes.RECIPES[held["name"]], name


def test_a_recipe_that_stands_beside_a_record_is_the_one_it_was_trained_by():
    for path in glob.glob(os.path.join(RECORDS, "*", "recipe.json")):
        with open(os.path.join(os.path.dirname(path), "run.json"), encoding="utf-8") as file:
            held = recipes.from_document(json.load(file)["settings"]["recipe"])
        assert recipes.read(path) == dataclasses.replace(held, name=recipes.read(path).name)


def test_the_readme_states_the_scores_of_the_records_that_it_names():
    rows = [line for line in read("README.md").splitlines() if line.startswith("|") and "docs/results/" in line]
    assert rows
    for line in rows:
        name = re.search(r"docs/results/([^/)]+)", line).group(1)
        found = scores(name)
        low, high = found["mean_iou_interval"]
        stated = "| %.3f [%.3f, %.3f] | %.3f |" % (found["mean_iou"], low, high, found["pixel_accuracy"])
        assert stated in line
