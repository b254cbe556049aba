"""Reading an HTML page in tests: is it whole, does it ask for anything, what does it say and show."""

import base64
import re
from html.parser import HTMLParser
from typing import Dict, List, Tuple

import cv2
import numpy as np

VOID = {"meta", "img", "br", "link", "hr", "input"}
NOT_IN_A_PARAGRAPH = {"p", "div", "ul", "ol", "dl", "table", "pre", "h1", "h2", "h3", "section", "article", "figure"}
FETCHES = ("src", "href", "srcset", "data", "poster", "action", "xlink:href")


class Page(HTMLParser):
    """A page as tags with attributes, and the words outside style; `faults` says what a browser would have to mend."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: List[Tuple[str, Dict[str, str]]] = []
        self.faults: List[str] = []
        self.words = ""
        self.style = ""
        self._open: List[str] = []
        self.feed(text)
        self.close()
        self.faults += ["never closed: " + tag for tag in self._open]
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        self.faults += ["id twice: " + one for one in set(ids) if ids.count(one) > 1]
        self.faults += ["leads nowhere: " + one for one in self.addresses() if one[0] == "#" and one[1:] not in ids]

    def handle_starttag(self, tag, attrs):
        if "p" in self._open and tag in NOT_IN_A_PARAGRAPH:
            self.faults.append("%s in a paragraph" % tag)
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if len({name for name, _ in attrs}) < len(attrs):
            self.faults.append("attribute twice: %s" % tag)
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self._open or self._open.pop() != tag:
            self.faults.append("closed out of turn: " + tag)
        self.words += " " * (tag in ("td", "th", "text"))

    def handle_data(self, data):
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.words += data

    def all(self, tag: str, style: str = "") -> List[Dict[str, str]]:
        """Attributes of each tag of a name, those of a CSS class only where one is given."""
        wanted = set(style.split())
        return [held for name, held in self.tags if name == tag and wanted <= set(held.get("class", "").split())]

    def addresses(self) -> List[str]:
        """Whatever a browser would fetch or follow."""
        return [held[name] for _, held in self.tags for name in FETCHES if name in held]

    def said(self) -> str:
        """All words, each gap as one blank."""
        return " ".join(self.words.split())


def picture(address: str) -> np.ndarray:
    """[H,W,3] uint8 RGB of a data: address."""
    data = re.match(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)$", address).group(1)
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
