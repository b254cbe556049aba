"""The page: verdict first, then what to do, then the evidence. Pictures are made on all cores, in a fixed order."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Dict, List

from .. import splits
from ..checks import statistics
from ..checks.survey import Progress, Survey
from ..findings import ERROR, WARNING, count
from ..words import counted, typed
from . import bars, markup, numbers, palette, problems, samples, strips
from .pictures import Album, Picture
from .style import STYLE

SAID = {"errors": "Not fit as it is", "warnings": "Usable", "clean": "Clean"}
PALETTES = {"camvid32": "CamVid's 32 classes", "segnet11": "SegNet's 11 classes"}


def page(done: Survey, progress: Progress = lambda items, total, doing: items) -> str:
    """The report of a check as one HTML page; the same set gives the same text, wherever it is made."""
    groups = problems.groups(done.findings, done.found)
    shown = [finding for group in groups for finding in group.cards]
    sampled = samples.chosen(done.readings)
    pictures = _drawn(done, shown, sampled, progress)
    figures = statistics.document(done.tallies, done.table)
    parts = [
        _head(done, groups),
        problems.section(groups, dict(zip(shown, pictures))),
        palette.unknown_colours(done.strange, done.table),
        bars.section(done.tallies, done.table),
        bars.where(figures["where"]),
        numbers.weights(figures["weights"], done.table, _weighed(done), done.found.root),
        strips.section(done),
        samples.section([(one, made[0]) for one, made in zip(sampled, pictures[len(shown) :])], done),
        numbers.images(done.tallies),
    ]
    body = "\n".join(part for part in parts if part)
    return markup.document(_title(done), STYLE, body, _foot(done))


def _drawn(done: Survey, shown: List, sampled: List, progress: Progress) -> List[List[Picture]]:
    """Pictures of each finding, then of each sample."""
    album = Album(done)
    jobs: List[Callable[[], List[Picture]]] = [lambda f=finding: album.of_finding(f) for finding in shown]
    jobs += [lambda r=one: [album.overlay(r)] for one in sampled]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(progress(pool.map(lambda job: job(), jobs), len(jobs), "drawing"))


def _head(done: Survey, groups: List[problems.Group]) -> str:
    facts = [sentence.partition(": ") for sentence in done.identity.sentences]
    told = "\n".join("<dt>%s</dt><dd>%s</dd>" % (markup.text(what), markup.text(words)) for what, _, words in facts)
    return "\n".join(
        [
            '<header>\n<p class="tool">camvid-check</p>\n<h1>%s</h1>' % markup.text(what_it_is(done)),
            '<p class="where">%s</p>\n</header>' % markup.code(done.found.root),
            _verdict(done, groups),
            '<dl class="facts">\n%s\n</dl>' % told,
            _commands(done),
        ]
    )


def what_it_is(done: Survey) -> str:
    """The set in a few words: whose frames, how many, which classes, which split."""
    names = {pair.name for pair in done.found.pairs}
    ours = len(names & set(splits.camvid_names()))
    frames = counted(len(done.found.pairs), "frame")
    if ours == len(names):
        parts = ["CamVid", frames] if ours else [frames]
    else:
        parts = ["%s, %s of them CamVid's" % (frames, ours) if ours else "%s of your own" % frames]
    own = "%d %s" % (len(done.table), "class" if len(done.table) == 1 else "classes")
    parts.append(PALETTES.get(done.identity.palette, own))
    counts = [str(n) for split, n in done.identity.counts.items() if split != "all"]
    parts.append("split %s" % " / ".join(counts) if counts else "not split yet")
    return ", ".join(parts)


def _title(done: Survey) -> str:
    name = os.path.basename(os.path.normpath(done.found.root)) or done.found.root
    return "%s: %s - camvid-check" % (name, SAID[done.verdict].lower())


def _verdict(done: Survey, groups: List[problems.Group]) -> str:
    """The banner: the verdict, how many problems, and each kind with a link to its place."""
    numbers_of: Dict[str, int] = {"error": count(done.findings, ERROR), "warning": count(done.findings, WARNING)}
    told = ", ".join(counted(n, noun) for noun, n in numbers_of.items() if n) or "no problem was found"
    sign = {"errors": markup.SEVERITY_SIGNS["error"], "warnings": "!", "clean": "\u2713"}[done.verdict]
    words = '<p class="said"><span class="sign" aria-hidden="true">%s</span> <strong>%s</strong> <span>%s</span></p>'
    banner = words % (sign, SAID[done.verdict], told)
    return '<div class="verdict %s">\n%s\n%s\n</div>' % (done.verdict, banner, problems.chips(groups))


def _commands(done: Survey) -> str:
    parts = [("What would make it clean", done.commands()), ("What comes next", done.next())]
    told = ["<h2>%s</h2>\n<pre>%s</pre>" % (title, _typed(lines)) for title, lines in parts if lines]
    return '<section id="commands">\n%s\n</section>' % "\n".join(told) if told else ""


def _typed(lines: List[str]) -> str:
    return "\n".join('<span class="%s">%s</span>' % (_kind(line), markup.text(line)) for line in lines)


def _kind(line: str) -> str:
    return "comment" if line.startswith("#") else "command"


def _weighed(done: Survey) -> str:
    return "train" if "train" in done.tallies else statistics.WHOLE


def _foot(done: Survey) -> str:
    command = typed(["camvid-check", done.found.root]) + " --html FILE"
    return markup.foot(command)
