"""A stand-in for Ascend's adapter, for tests: plays the card on stock TensorFlow 1.15, as the real one's sources say.

It offers what its releases r1.2.0, r1.8.0, r1.15.0 and master have in common, and nothing else. The environment says
how to behave: STANDIN_JOURNAL (file of what was asked), STANDIN_OVERFLOW (reads of the float status, from 1, that tell
of an overflow; STANDIN_OVERFLOW_OF_1 for rank 1 alone), STANDIN_UNSUPPORTED (ops left on the host), STANDIN_SILENT
(all runs once, on the host), STANDIN_INF_NAN (overflow gives infinities), STANDIN_HCCL (folder through which ranks
exchange tensors).
"""

from . import _session

_session.install()
