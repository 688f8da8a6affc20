"""A font with Chinese characters for charts: one of the system's, found by its file's name."""

from pathlib import Path

PACKAGE = "fonts-wqy-microhei"  # Debian's

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_NAMES = ("wqy-microhei", "NotoSansCJK-Regular", "NotoSansSC", "SourceHanSansSC-Regular", "simhei", "msyh")
_KINDS = (".ttc", ".ttf", ".otf")


class FontMissing(Exception):
    """There is no font with Chinese characters: charts would show boxes."""


def chinese() -> Path:
    """The font file. Raises FontMissing, which says what to install."""
    found = sorted(
        path
        for folder in _FOLDERS
        if folder.is_dir()
        for path in folder.rglob("*")
        if path.suffix.lower() in _KINDS and path.name.lower().startswith(tuple(name.lower() for name in _NAMES))
    )
    if not found:
        raise FontMissing(
            f"没有中文字体，图表无法生成 / there is no Chinese font for charts; please: apt-get install {PACKAGE}"
        )
    return min(found, key=lambda path: [path.name.lower().startswith(name.lower()) for name in _NAMES].index(True))
