"""Charts of bulletins as PNG pictures: progress by indicator, and the units' ranking."""

import io
from collections.abc import Sequence
from decimal import Decimal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch

from runtime import fonts
from services.targets.bulletins.domain import Line, Score
from services.targets.ledger.outlook import BLUE, GREEN, RED, YELLOW

_COLOURS = {GREEN: "#2e8b57", RED: "#c0392b", YELLOW: "#e0a800", BLUE: "#2f6fb0", None: "#9aa5b1"}
_MEANINGS = ((GREEN, "达序时或按期完成"), (YELLOW, "后期赶上"), (RED, "未达序时或未完成"), (BLUE, "完成并验收"))
_WIDTH, _DPI = 6.3, 180  # inches: the text's width on A4
_MOST = 150  # percent shown: bars beyond it end in an arrow, their numbers are printed


def progress(lines: Sequence[Line]) -> bytes:
    """A bar for each indicator that has a percentage, and the pace as a line. Raises FontMissing."""
    shown = [line for line in lines if line.percent is not None]
    figure = Figure(figsize=(_WIDTH, 0.2 * max(len(shown), 1) + 0.9), dpi=_DPI, layout="constrained")
    axes, font = figure.add_subplot(), _font()
    for place, line in enumerate(shown):
        assert line.percent is not None
        _bar(axes, place, line.percent, _COLOURS.get(line.colour, _COLOURS[None]), font)
    _axes(axes, [f"{line.indicator} {line.name}" for line in shown], font)
    paces = [line.pace for line in shown if line.pace is not None]
    if paces:
        pace = float(sorted(paces)[len(paces) // 2])
        axes.axvline(pace, color="#333333", linewidth=1, linestyle="--")
        axes.set_title(f"各项指标完成率（%），虚线为序时进度{pace:.2f}%", fontproperties=_font(10))
    told = {line.colour for line in shown}
    handles = [Patch(color=_COLOURS[colour], label=means) for colour, means in _MEANINGS if colour in told]
    if handles:
        axes.legend(handles=handles, prop=_font(7), loc="lower right", framealpha=0.9)
    return _png(figure)


def ranking(scores: Sequence[Score]) -> bytes:
    """A bar for each unit that has a score, the best on top, and 100 % of the pace as a line. Raises FontMissing."""
    shown = [score for score in scores if score.score is not None]
    figure = Figure(figsize=(_WIDTH, 0.26 * max(len(shown), 1) + 1.0), dpi=_DPI, layout="constrained")
    axes, font = figure.add_subplot(), _font()
    for place, score in enumerate(shown):
        assert score.score is not None
        _bar(axes, place, score.score, _COLOURS[GREEN if score.score >= 100 else RED], font)
    _axes(axes, [f"{score.place}  {score.name}" for score in shown], font)
    axes.axvline(100, color="#333333", linewidth=1, linestyle="--")
    axes.set_title("各地得分（完成率÷序时进度，%），虚线为达到序时进度", fontproperties=_font(10))
    return _png(figure)


def _bar(axes: Axes, place: int, percent: Decimal, colour: str, font: FontProperties) -> None:
    shown = min(max(float(percent), 0.0), float(_MOST))
    axes.barh(place, shown, height=0.68, color=colour)
    beyond = " →" if percent > _MOST else ""
    inside = shown > _MOST * 0.85
    axes.text(
        shown - 1.5 if inside else shown + 1.5,
        place,
        f"{percent}{beyond}",
        va="center",
        ha="right" if inside else "left",
        color="white" if inside else "#222222",
        fontproperties=font,
        bbox=None if inside else {"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )


def _axes(axes: Axes, labels: Sequence[str], font: FontProperties) -> None:
    axes.set_yticks(range(len(labels)), labels, fontproperties=font)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, _MOST)
    axes.tick_params(axis="x", labelsize=7)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.5)
    axes.set_axisbelow(True)


def _font(size: float = 7.5) -> FontProperties:
    return FontProperties(fname=str(fonts.chinese()), size=size)


def _png(figure: Figure) -> bytes:
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)
    return picture.getvalue()
