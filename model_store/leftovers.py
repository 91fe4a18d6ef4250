"""What file browsers, file systems and volumes leave in a folder; it is no part of a version."""

import os
import re

__all__ = ["VOLUME_LINK", "is_leftover"]

VOLUME_LINK = "..data"
"""Some volumes of Kubernetes have their files in a folder such as "..2025_01_31_12_00_00.123", to which this
link leads; every other name in them is a link through this one."""

_FILES = re.compile(
    r"""
    \.DS_Store | \._.+ | \.localized | \.apdisk | \.VolumeIcon\.icns | Icon\r       # the Finder of macOS
    | (eh)?thumbs(_vista)?\.db(:encryptable)? | desktop\.ini | .+:Zone\.Identifier  # the Explorer of Windows
    | \.directory                                                    # Dolphin of KDE
    | ~\$.+ | \.~lock\..+\#                                          # office programs, while a file is open
    | \.nfs[0-9a-f]+ | \.fuse_hidden[0-9a-f]+ | \.smbdelete[0-9a-f]+  # files deleted while they were open
    """,
    re.VERBOSE | re.IGNORECASE,
)
_FOLDERS = re.compile(
    r"""
    \.AppleDouble | \.AppleDB | \.AppleDesktop | \.TemporaryItems | \.Trashes | \.fseventsd | \.Spotlight-V100
    | \.DocumentRevisions-V100 | __MACOSX                             # macOS
    | \$RECYCLE\.BIN | System\ Volume\ Information                    # Windows
    | \.Trash(-[0-9]+)? | \.thumbnails | \.ipynb_checkpoints          # desktops, Jupyter
    | @eaDir | @tmp | \#recycle | \#snapshot | @Recycle | \.@__thumb | \.@upload_cache  # Synology, QNAP
    | lost\+found | \.snapshots? | \.zfs | \.glusterfs                # file systems
    | \.\.data | \.\.[0-9]{4}_[0-9_.]+                                # volumes of Kubernetes
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_leftover(entry: "os.DirEntry[str]") -> bool:
    """Return whether a file or folder is, by name and kind, something that nobody put there on purpose."""
    if entry.is_symlink():
        return entry.name == VOLUME_LINK
    if entry.is_dir():
        return _FOLDERS.fullmatch(entry.name) is not None
    return entry.is_file() and _FILES.fullmatch(entry.name) is not None
