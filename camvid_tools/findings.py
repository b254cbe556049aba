"""What camvid-check finds: one record a problem, with its kind, place and remedy."""

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

ERROR, WARNING, INFORMATION = "error", "warning", "information"

# The kinds that other programs may rely on, each with its severity.
OF_FRAMES = {
    "missing-label": ERROR,
    "undecodable": ERROR,
    "truncated": ERROR,
    "empty-file": ERROR,
    "size-differs": WARNING,
    "alpha-channel": WARNING,
    "sixteen-bit": ERROR,
    "grey-image": ERROR,
    "exif-rotation": ERROR,
    "duplicate-frame": WARNING,  # an error across splits
    "near-duplicate": WARNING,
}
OF_LABELS = {
    "missing-frame": ERROR,
    "size-mismatch": ERROR,
    "label-form": ERROR,
    "lossy-label": ERROR,
    "unknown-colour": ERROR,
    "shifted-ids": ERROR,
    "blank-label": WARNING,
    "unwritten-border": WARNING,
    "known-bad-label": WARNING,
}
OF_THE_SET = {
    "stray-file": WARNING,
    "mixed-suffixes": WARNING,
    "class-dict": ERROR,
    "split-leak": WARNING,
    "wrong-split": ERROR,
    "manifest-mismatch": ERROR,
    "path-outside": ERROR,
    "no-manifest": INFORMATION,
}
KINDS = dict(OF_FRAMES, **OF_LABELS, **OF_THE_SET)
_ORDER = (ERROR, WARNING, INFORMATION)


class Finding(NamedTuple):
    """One problem. `file` is relative to the checked folder; `at` is (x, y) of the first pixel concerned."""

    kind: str
    file: str
    split: Optional[str]
    detail: str
    remedy: str
    at: Optional[Tuple[int, int]] = None
    other: Optional[str] = None  # the second file of a problem between two
    weighed: Optional[str] = None  # a severity other than the kind's

    @property
    def severity(self) -> str:
        """`error`, `warning` or `information`."""
        return self.weighed or KINDS[self.kind]

    def placed(self) -> str:
        """`file: detail`, the detail alone where the whole folder is meant."""
        return self.detail if self.file == "." else "%s: %s" % (self.file, self.detail)

    def document(self) -> Dict[str, Any]:
        """The finding as JSON."""
        held = {key: value for key, value in self._asdict().items() if key != "weighed"}
        for key in ("at", "other"):
            if held[key] is None:
                del held[key]
        return dict(held, severity=self.severity)


def ordered(findings: List[Finding]) -> List[Finding]:
    """Errors first, then by kind in the order of KINDS, then by file."""
    kinds = list(KINDS)
    return sorted(findings, key=lambda f: (_ORDER.index(f.severity), kinds.index(f.kind), f.file, f.detail))


def count(findings: List[Finding], severity: str) -> int:
    """How many are of a severity."""
    return sum(1 for finding in findings if finding.severity == severity)


def verdict(findings: List[Finding]) -> str:
    """`errors`, `warnings` or `clean`."""
    severities = {finding.severity for finding in findings}
    return "errors" if ERROR in severities else "warnings" if WARNING in severities else "clean"
