"""curves.png of a run: loss, validation, learning rate and speed over steps, from metrics.jsonl alone."""

import os
from typing import Any, Dict, List

from camvid_tools import atomic
from eval.report import charts
from eval.runfolder import CURVES, read_metrics

_INK, _SECOND, _GRID = "#1b4965", "#c8553d", "#d9d9d9"


def draw(run: str) -> str:
    """Write curves.png into a run folder and return its path."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    entries = read_metrics(run)
    figure, axes = pyplot.subplots(2, 2, figsize=(10, 6.5), constrained_layout=True)
    training = [entry for entry in entries if entry["kind"] == "train"]
    validation = [entry for entry in entries if entry["kind"] == "validation"]
    _line(axes[0][0], training, "loss_main", _GRID, "main head")
    _smooth(axes[0][0], training, "loss_main")
    _line(axes[0][1], validation, "mean_iou", _INK, "mean IoU", marker=".")
    _line(axes[0][1], validation, "pixel_accuracy", _SECOND, "pixel accuracy", marker=".")
    _line(axes[1][0], training, "learning_rate", _INK, "learning rate")
    _line(axes[1][1], training, "images_per_second", _INK, "images a second")
    titles = ("training loss", "validation", "learning rate", "speed (images a second)")
    for axis, title in zip(axes.ravel(), titles):
        axis.set_title(title, loc="left", fontsize=11)
        axis.set_xlabel("step")
        axis.grid(color=_GRID, linewidth=0.6)
        axis.spines["top"].set_visible(False)
        axis.spines["right"].set_visible(False)
        axis.set_ylim(bottom=0)
    axes[0][1].set_ylim(0, 1)
    for axis in (axes[0][0], axes[0][1]):
        if axis.get_legend_handles_labels()[0]:
            axis.legend(frameon=False, fontsize=9)
    path = os.path.join(run, CURVES)
    with atomic.replacing(path) as part:
        figure.savefig(part, dpi=110, format="png")
    pyplot.close(figure)
    return path


def _line(axis: Any, entries: List[Dict[str, Any]], key: str, colour: str, label: str, marker: str = "") -> None:
    points = [(entry["step"], entry[key]) for entry in entries if entry.get(key) is not None]
    if points:
        axis.plot(*zip(*points), color=colour, label=label, marker=marker, linewidth=1.4)


def _smooth(axis: Any, entries: List[Dict[str, Any]], key: str) -> None:
    """A running mean over a twentieth of the run."""
    points = charts.smoothed([(entry["step"], entry[key]) for entry in entries if entry.get(key) is not None])
    if points:
        axis.plot(*zip(*points), color=_INK, linewidth=1.6, label="smoothed")
