"""The font that charts in bulletins need."""

from deploy import packages
from runtime import fonts


def ensure() -> None:
    """Installs Debian's package when no Chinese font is there; ServerFailed says what to do when that fails."""
    try:
        fonts.chinese()
    except fonts.FontMissing:
        packages.install([fonts.PACKAGE], why="缺少中文字体 / no Chinese font")
