"""What camvid-check finds: one record a problem, with its kind, place and remedy."""

from typing import Any, Dict, List, NamedTuple, Optional

ERROR, WARNING, INFORMATION = "error", "warning", "information"

# The kinds that other programs may rely on, each with its severity.
KINDS = {
    "missing-label": ERROR,
    "missing-frame": ERROR,
    "undecodable": ERROR,
    "truncated": ERROR,
    "empty-file": ERROR,
    "size-differs": WARNING,
    "size-mismatch": ERROR,
    "alpha-channel": WARNING,
    "sixteen-bit": ERROR,
    "grey-image": ERROR,
    "label-form": ERROR,
    "lossy-label": ERROR,
    "unknown-colour": ERROR,
    "known-bad-label": WARNING,
    "stray-file": WARNING,
    "mixed-suffixes": WARNING,
    "class-dict": ERROR,
    "wrong-split": ERROR,
    "manifest-mismatch": ERROR,
    "no-manifest": INFORMATION,
}


class Finding(NamedTuple):
    """One problem. `file` is relative to the checked folder."""

    kind: str
    file: str
    split: Optional[str]
    detail: str
    remedy: str

    @property
    def severity(self) -> str:
        """`error`, `warning` or `information`, by kind."""
        return KINDS[self.kind]

    def document(self) -> Dict[str, Any]:
        """The finding as JSON."""
        return dict(self._asdict(), severity=self.severity)


def verdict(findings: List[Finding]) -> str:
    """`errors`, `warnings` or `clean`."""
    severities = {finding.severity for finding in findings}
    return "errors" if ERROR in severities else "warnings" if WARNING in severities else "clean"
