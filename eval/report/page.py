"""The page: the figure first, then how it came about, then what is right and wrong, then all settings."""

import json
from typing import Any, Dict, List, Sequence

from camvid_tools.report import markup
from camvid_tools.report.style import STYLE
from camvid_tools.words import counted

from .. import runfolder
from . import charts, classes, shots, versus
from .scored import Scored

OWN_STYLE = charts.STYLE + classes.STYLE + shots.STYLE + versus.STYLE


def page(runs: Sequence[Scored], command: str) -> str:
    """Evaluations of the same frames as one HTML page; `command` made it."""
    first = runs[0]
    colours = dict(zip(first.source.classes.names, first.source.classes.colours))
    parts = [_head(runs)]
    if len(runs) > 1:
        parts.append(versus.section(runs, colours))
    parts.append(_curves(runs))
    for number, one in enumerate(runs):
        of = "" if len(runs) == 1 else "-%d" % (number + 1)
        if of:
            parts.append("<h2>%s</h2>" % markup.text(versus.title(runs, number)))
        parts.append(classes.section(one.block, colours, "classes" + of))
        parts.append(classes.confusion(one.block, "confusions" + of))
        parts.append(shots.section(one, "frames" + of))
        parts.append(_settings(one, "settings" + of))
    body = "\n".join(part for part in parts if part)
    title = "%s - python -m eval" % ", ".join(one.title for one in runs)
    return markup.document(title, STYLE + OWN_STYLE.lstrip("\n"), body, markup.foot(command))


def _head(runs: Sequence[Scored]) -> str:
    first = runs[0]
    told = "Scores on %s of %s" % (counted(len(first.source), "%s frame" % first.document["split"]), first.source.path)
    lines = ['<header>\n<p class="tool">python -m eval</p>', "<h1>%s</h1>" % markup.text(_what(runs))]
    lines.append('<p class="where">%s</p>\n</header>' % markup.text(told))
    if len(runs) == 1:
        lines.append(_facts(first))
    return "\n".join(lines)


def _what(runs: Sequence[Scored]) -> str:
    if len(runs) > 1:
        return "%d runs side by side" % len(runs)
    return "%s: mean IoU %s" % (runs[0].title, classes.share(runs[0].block.scores.mean_iou))


def _facts(one: Scored) -> str:
    document = one.document
    facts = [("mean IoU, 95 %", classes.spread(one.block.mean_interval))]
    for key in ("pixel_accuracy", "mean_accuracy", "frequency_weighted_iou", "boundary_iou"):
        facts.append((key.replace("_iou", " IoU").replace("_", " "), classes.share(document[key])))
    if "latency_ms" in document:
        delay = document["latency_ms"]
        words = "%(median).0f ms (median), %(p95).0f ms (95th percentile) on %(device)s" % delay
        facts.append(("one frame", words))
    if "checkpoint" in document:
        facts.append(("checkpoint", "step %s" % "{:,}".format(document["checkpoint"]["step"])))
    told = "\n".join("<dt>%s</dt><dd>%s</dd>" % (markup.text(what), words) for what, words in facts)
    return '<dl class="facts">\n%s\n</dl>' % told


def _curves(runs: Sequence[Scored]) -> str:
    """Charts over steps, a line a run; nothing for somebody's PNGs."""
    metrics = [runfolder.read_metrics(one.run.path) if one.run else [] for one in runs]
    training = [_points(entries, "train", "loss_main") for entries in metrics]
    raw = [charts.Line("batch", points, i, raw=True) for i, points in enumerate(training)]
    loss = [charts.Line("loss", charts.smoothed(points), i) for i, points in enumerate(training)]
    drawn = [
        charts.chart("Training loss of the main head", raw + loss),
        charts.chart("Mean IoU of the validations", _lines(metrics, "validation", "mean_iou", True), 1.0),
        charts.chart("Learning rate", _lines(metrics, "train", "learning_rate")),
        charts.chart("Images a second", _lines(metrics, "train", "images_per_second")),
    ]
    if not any(drawn):
        return ""
    key = ""
    if len(runs) > 1:
        key = markup.key(("r%d" % (i % charts.COLOURS), versus.title(runs, i)) for i in range(len(runs)))
    return markup.section("curves", "Training", key + '<div class="charts">%s</div>' % "".join(drawn))


def _lines(metrics: Sequence[List[Dict[str, Any]]], kind: str, key: str, dots: bool = False) -> List[charts.Line]:
    return [charts.Line(key, _points(entries, kind, key), i, dots) for i, entries in enumerate(metrics)]


def _points(entries: Sequence[Dict[str, Any]], kind: str, key: str) -> List[charts.Point]:
    return [(e["step"], e[key]) for e in entries if e["kind"] == kind and e.get(key) is not None]


def _settings(one: Scored, name: str) -> str:
    """Everything the run was trained with, to be unfolded."""
    if one.run is None:
        return ""
    settings, recipe = dict(one.run.settings), dict(one.run.settings.get("recipe") or {})
    settings["recipe"] = recipe.pop("name", None)
    parts = [("settings", settings), ("recipe", recipe), ("versions", one.run.document.get("versions", {}))]
    folded = [markup.more(title, _values(values)) for title, values in parts if values]
    return markup.section(name, "Settings", "\n".join(folded))


def _values(values: Dict[str, Any]) -> str:
    rows = [[markup.code(key), markup.text(_said(value))] for key, value in values.items()]
    return markup.table(("name", "value"), rows)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
