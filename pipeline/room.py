"""How many bytes are free: memory that this process may still take, room on a disk."""

import os
import shutil
from typing import Dict, List, Optional

_CGROUPS = "/sys/fs/cgroup"
_V2 = ("memory.max", "memory.current", "inactive_file")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def disk(folder: str) -> int:
    """Bytes that this user may still write into a folder."""
    return shutil.disk_usage(folder).free


def memory() -> Optional[int]:
    """Bytes of memory that are free or can be freed, within the limit of a container; None where nobody says."""
    free = [value for value in [_of_machine()] + [_of_cgroup(place) for place in _cgroups()] if value is not None]
    return min(free) if free else None


def _of_machine() -> Optional[int]:
    kilobytes = _table("/proc/meminfo").get("MemAvailable:")
    if kilobytes is not None:
        return kilobytes * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # no more than all there is
    except (AttributeError, OSError, ValueError):
        return None


def _cgroups() -> List[str]:
    """Folders that may hold the limits of this process's control group, of either version."""
    found = [_CGROUPS, _CGROUPS + "/memory"]
    for line in _text("/proc/self/cgroup").splitlines():
        number, kinds, path = (line.split(":", 2) + ["", ""])[:3]
        if number == "0" or "memory" in kinds.split(","):
            root = _CGROUPS + ("" if number == "0" else "/memory")
            parts = [part for part in path.split("/") if part]
            found += [root + "/" + "/".join(parts[: end + 1]) for end in range(len(parts))]  # a parent's limit counts
    return found


def _of_cgroup(folder: str) -> Optional[int]:
    for limit_file, used_file, cached in (_V2, _V1):
        limit, used = _text(os.path.join(folder, limit_file)).strip(), _text(os.path.join(folder, used_file)).strip()
        if limit.isdigit() and used.isdigit():  # `max` is no limit
            reclaimable = _table(os.path.join(folder, "memory.stat")).get(cached, 0)
            return max(0, int(limit) - int(used) + reclaimable)
    return None


def _table(path: str) -> Dict[str, int]:
    """The rows `word number ...` of a file of the kernel's."""
    rows = [line.split() for line in _text(path).splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as handle:
            return handle.read()
    except OSError:
        return ""
