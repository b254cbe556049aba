"""Problems as cards with pictures: by severity and kind, each kind with its remedy, what is too much as a list."""

from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from ..findings import Finding
from ..imageio import is_picture
from ..layout import Scan
from ..words import counted
from . import markup
from .figures import figure
from .pictures import Picture

CARDS_A_KIND = 12
CARDS = 144  # of all kinds together, so that the page of a set with everything wrong opens fast
LISTED = 2000
COLUMNS = 3  # on a wide screen; kinds of one or two cards stand beside each other

# What each severity means for somebody who wants to train.
MEANING = {
    "error": "errors: the set is not fit until these are mended",
    "warning": "warnings: training works, but look at these",
    "information": "for information",
}


class Group(NamedTuple):
    """All problems of one severity and kind; the first `cards` of them get pictures."""

    severity: str
    kind: str
    findings: List[Finding]
    cards: List[Finding]

    @property
    def anchor(self) -> str:
        """The place of the group in the page."""
        return "%s-%s" % (self.severity, self.kind)


def groups(findings: Sequence[Finding], found: Scan) -> List[Group]:
    """Ordered findings by severity and kind, with those of each that are shown as pictures."""
    files = _pictures_of(found)
    alike: Dict[Tuple[str, str], List[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.severity, finding.kind), []).append(finding)
    drawable = {key: [one for one in same if one.file in files] for key, same in alike.items()}
    most = _cards_a_kind([len(same) for same in drawable.values()])
    return [Group(key[0], key[1], same, drawable[key][:most]) for key, same in alike.items()]


def _cards_a_kind(counts: Sequence[int]) -> int:
    """How many problems of a kind get pictures: kinds with few leave room to those with many."""
    for most in range(CARDS_A_KIND, 1, -1):
        if sum(min(most, count) for count in counts) <= CARDS:
            return most
    return 1


def _pictures_of(found: Scan) -> Set[str]:
    """The pictures of the set; a manifest may name any path, which is not to be opened."""
    files = {file for pair in found.pairs for file in (pair.image, pair.label)}
    files.update(orphan.path for orphan in found.unlabelled + found.frameless)
    return files | {file for file in found.stray if is_picture(file)}


def chips(all_groups: Sequence[Group]) -> str:
    """The kinds with their counts, each leading to its group."""
    items = [
        '<a class="chip %s" href="#%s"><b>%s</b> %s <span class="count">%s</span></a>'
        % (g.severity, markup.text(g.anchor), _sign(g.severity), markup.text(g.kind), "{:,}".format(len(g.findings)))
        for g in all_groups
    ]
    return '<p class="chips">%s</p>' % "\n".join(items) if items else ""


def section(all_groups: Sequence[Group], drawn: Dict[Finding, List[Picture]]) -> str:
    """The part of the page with all problems."""
    parts = []
    for severity, meaning in MEANING.items():
        mine = [group for group in all_groups if group.severity == severity]
        if mine:
            parts.append('<p class="severity">%s</p>' % markup.text(meaning[0].upper() + meaning[1:]))
            parts.append('<div class="kinds">\n%s\n</div>' % "\n".join(_group(group, drawn) for group in mine))
    return markup.section("problems", "Problems", "\n".join(parts) or "<p>None was found.</p>")


def _group(group: Group, drawn: Dict[Finding, List[Picture]]) -> str:
    remedy = group.findings[0].remedy
    cards = [_card(finding, drawn[finding], remedy) for finding in group.cards]
    told = set(group.cards)
    rest = [_line(finding, remedy) for finding in group.findings if finding not in told]
    body = '<div class="cards">\n%s\n</div>' % "\n".join(cards) if cards else ""
    if rest and not cards and len(rest) <= CARDS_A_KIND:
        body += markup.bullets(rest)
    elif rest:
        left = len(rest) - LISTED
        tail = ["and {:,} more; --json names them all".format(left)] if left > 0 else []
        title = "%s more" % "{:,}".format(len(rest)) if cards else counted(len(rest), "place")
        body += "\n" + markup.more(title, markup.bullets(rest[:LISTED] + tail))
    head = '<h3><span class="badge %s">%s %s</span> %s <span class="count">%s</span></h3>' % (
        (group.severity, _sign(group.severity), group.severity)
        + (markup.text(group.kind), "{:,}".format(len(group.findings)))
    )
    cure = '<p class="remedy">%s</p>' % markup.text(remedy) if remedy and remedy != "none needed" else ""
    room = min(COLUMNS, len(cards) or COLUMNS)
    start = '<article class="kind w%d" id="%s">' % (room, markup.text(group.anchor))
    return "\n".join([start, head, cure, body, "</article>"])


def _card(finding: Finding, pictures: Sequence[Picture], remedy: str) -> str:
    shots = "".join(figure(picture) for picture in pictures)
    other = "" if finding.remedy == remedy else '<p class="remedy">%s</p>' % markup.text(finding.remedy)
    words = '<p class="file">%s %s</p>\n<p class="detail">%s</p>%s' % (
        (markup.code(finding.file), markup.split_tag(finding.split), markup.text(finding.detail), other)
    )
    return '<div class="card">\n<div class="shots n%d">%s</div>\n%s\n</div>' % (len(pictures), shots, words)


def _line(finding: Finding, remedy: str) -> str:
    other = "" if finding.remedy == remedy else " (remedy: %s)" % markup.text(finding.remedy)
    where = "" if finding.file == "." else markup.code(finding.file) + " "
    return "%s%s%s" % (where, markup.text(finding.detail), other)


def _sign(severity: str) -> str:
    return markup.SEVERITY_SIGNS[severity]
