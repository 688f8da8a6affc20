"""The font that charts in bulletins need."""

from deploy import packages
from runtime import fonts


def missing() -> list[str]:
    """Debian's package, unless some Chinese font is there."""
    try:
        fonts.chinese()
    except fonts.FontMissing:
        return [fonts.PACKAGE]
    return []


def ensure() -> None:
    """ServerFailed says what to do when it cannot be installed."""
    if lacking := missing():
        packages.install(lacking, why="缺少中文字体 / no Chinese font")
