"""What train's recipes say about the feed: augmentation and crop. All else in a recipe is train's, and read there.

A test holds the tables and defaults here against train's own, so that what is shown is what is trained on.
"""

import json
import os
from typing import Any, NamedTuple, Optional

from camvid_tools.errors import ToolkitError

RECIPE, SEED, BATCH_SIZE = "default", 123, 8  # what train takes where nothing is given


class Feed(NamedTuple):
    """Name or file of the augmentation; height and width of the crop, None = by the data."""

    augment: str = "base"
    height: Optional[int] = None
    width: Optional[int] = None


FEEDS = {
    "default": Feed("street"),  # which of the next two it is, their feed is the same
    "pretrained": Feed("street"),
    "scratch": Feed("street"),
    "demo": Feed("light", 128, 192),
    "paper": Feed(),
    "modelzoo": Feed("base", 800, 800),
}
KEYS = (
    "name epochs frontend augment height width ignored optimiser learning_rate frontend_rate momentum weight_decay "
    "schedule power warm_up norm_decay frozen_norms clip_norm ema_decay label_smoothing ohem_kept class_weights "
    "logit_adjustment aux_weight loss_strides score_stride"
).split()


def read(name_or_file: str) -> Feed:
    """The feed of the recipe of that name, or in that JSON file; ToolkitError says what is wrong and what exists."""
    if name_or_file in FEEDS:
        return FEEDS[name_or_file]
    if not os.path.isfile(name_or_file):
        there = "there are %s, or a JSON file" % ", ".join(sorted(FEEDS))
        raise ToolkitError("no recipe '%s'" % name_or_file, remedy=there)
    try:
        with open(name_or_file, encoding="utf-8") as handle:
            return _from_document(json.load(handle))
    except (ValueError, RecursionError) as error:
        raise ToolkitError(str(error), where=name_or_file, remedy="mend the recipe") from None


def _from_document(given: Any) -> Feed:
    if not isinstance(given, dict):
        raise ValueError("expected an object with some of the keys %s" % ", ".join(KEYS))
    unknown = sorted(set(given) - set(KEYS))
    if unknown:
        raise ValueError("unknown key '%s'; there are %s" % (unknown[0], ", ".join(KEYS)))
    feed = Feed(**{name: given[name] for name in Feed._fields if name in given})
    if not isinstance(feed.augment, str):
        raise ValueError("augment %r is no name" % (feed.augment,))
    for name in ("height", "width"):
        if not isinstance(getattr(feed, name), (int, type(None))):
            raise ValueError("%s %r is no whole number" % (name, getattr(feed, name)))
    return feed
