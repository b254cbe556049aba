"""Pieces of HTML that every part of the report uses. Names are a stranger's, so all text goes through `text`."""

import base64
import html
from typing import Iterable, List, Optional, Sequence, Tuple

from .. import __version__

SEVERITY_SIGNS = {"error": "\u00d7", "warning": "!", "information": "i"}  # not by colour alone


def text(words: object) -> str:
    """Any text as HTML that is safe in an element or a quoted attribute.

    What does not print is shown as its escape: half a UTF-8 character in a file's name, or a mark that turns the
    direction of writing, would else damage the page.
    """
    shown = "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in str(words)
    )
    return html.escape(shown, quote=True)


_DOCUMENT = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style>
%s</style>
</head>
<body>
<main>
%s
</main>
%s
</body>
</html>
"""


def document(title: str, style: str, body: str, footer: str) -> str:
    """A whole page; title is text, style is CSS, the rest is HTML."""
    return _DOCUMENT % (text(title), style, body, footer)


def foot(command: str) -> str:
    """The line at the page's end: the command that made it."""
    made = "<footer>Made by %s of the CamVid to BiSeNet toolkit, version %s.</footer>"
    return made % (code(command), text(__version__))


def data_uri(kind: str, data: bytes) -> str:
    """Bytes of a picture of a kind (`png`, `jpeg`) as an address that holds them."""
    return "data:image/%s;base64,%s" % (kind, base64.b64encode(data).decode("ascii"))


def section(name: str, title: str, body: str, lead: str = "") -> str:
    """A part of the page under its heading; `lead` is a sentence of HTML below that."""
    first = '<p class="lead">%s</p>\n' % lead if lead else ""
    return '<section id="%s">\n<h2>%s</h2>\n%s%s\n</section>' % (name, text(title), first, body)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML; the columns in `numbers` are set to the right. Scrolls within itself."""
    right = [' class="number"' if i in numbers else "" for i in range(len(heads))]
    top = "".join('<th scope="col"%s>%s</th>' % (mark, text(head)) for mark, head in zip(right, heads))
    body = [
        "<tr>%s</tr>" % "".join("<td%s>%s</td>" % (mark, cell) for mark, cell in zip(right, cells)) for cells in rows
    ]
    whole = "<table>\n<thead><tr>%s</tr></thead>\n<tbody>\n%s\n</tbody>\n</table>" % (top, "\n".join(body))
    return '<div class="wide" tabindex="0">\n%s\n</div>' % whole


def swatch(colour: Sequence[int]) -> str:
    """A small square of a colour."""
    return '<i class="swatch" style="background:#%02x%02x%02x"></i>' % tuple(colour)


def code(words: object) -> str:
    """A file's name or a command within a sentence."""
    return "<code>%s</code>" % text(words)


def split_tag(split: Optional[str]) -> str:
    """The name of a split on its colour; nothing where there is none."""
    return '<span class="tag %s">%s</span>' % (text(split), text(split)) if split else ""


def key(items: Iterable[Tuple[str, str]]) -> str:
    """A legend: words beside the colour of a class of the style."""
    parts = ['<span><i class="swatch %s"></i>%s</span>' % (style, text(words)) for style, words in items]
    return '<p class="key">%s</p>' % "".join(parts)


def more(summary: str, body: str) -> str:
    """Something that is there when asked for."""
    return "<details>\n<summary>%s</summary>\n%s\n</details>" % (text(summary), body)


def bullets(items: Iterable[str], kind: str = "plain") -> str:
    """A list of HTML items."""
    return '<ul class="%s">\n%s\n</ul>' % (kind, "\n".join("<li>%s</li>" % item for item in items))


def and_so_on(names: Sequence[str], most: int = 40) -> str:
    """Names in a row, as text of HTML, cut after `most`."""
    listed: List[str] = [text(name) for name in names[:most]]
    return ", ".join(listed) + (" and {:,} more".format(len(names) - most) if len(names) > most else "")
