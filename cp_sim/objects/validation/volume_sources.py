"""Volume sources that pods and persistent volumes share.

Source: `validateHostPathVolumeSource` and `validateNFSVolumeSource` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Causes, invalid, not_supported, required

Object = dict[str, Any]

_HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip


def nfs(given: Object, at: str, causes: Causes) -> None:
    """A share of an NFS server."""
    if not given.get("server"):
        causes.append(required(f"{at}.server"))
    path = given.get("path", "")
    if not path:
        causes.append(required(f"{at}.path"))
    elif not path.startswith("/"):
        causes.append(invalid(f"{at}.path", path, "must be an absolute path"))


def host_path(given: Object, at: str, causes: Causes) -> None:
    """A path of the node."""
    path = given.get("path", "")
    if not path:
        causes.append(required(f"{at}.path"))
        return
    if ".." in path.split("/"):
        causes.append(invalid(f"{at}.path", path, "must not contain '..'"))
    type_ = given.get("type")
    if type_ is not None and type_ not in _HOST_PATH_TYPES:
        causes.append(not_supported(f"{at}.type", type_, _HOST_PATH_TYPES))
