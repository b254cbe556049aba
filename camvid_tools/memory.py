"""Memory that this process frees is kept for its next array."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
KEPT_BYTES = 64 << 20  # an allocator's arena keeps up to this
MAPPED_BYTES = 32 << 20  # larger arrays are mapped, and handed back, on their own; the C library allows no more


def keep_freed() -> None:
    """Ask the C library not to hand freed pictures back to the system; does nothing where that is not glibc.

    Else every picture of some megabytes comes from pages that the system first has to map and clear, one fault a page:
    a fifth of the time of decoding PNGs of 720 x 960.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
