"""What a person reads on the console: lines, tables, one progress bar; plain text where there is no terminal."""

import os
import shutil
import sys
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TextIO

from tqdm import tqdm

Cell = str | int

_LONGEST_RULE = 40


def say(text: str) -> None:
    """One or more lines on stdout, above the bar when there is one. Who stopped reading them stops nothing else."""
    try:
        tqdm.write(text, file=sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go(sys.stdout)


def table(headers: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Collection[str] = ()) -> str:
    """Columns by display width, numbers and what is under the headers ``right`` to the right; a Chinese character is
    two columns wide."""
    rows = list(rows)
    aligned = [
        header in right or (bool(rows) and all(isinstance(row[column], int) for row in rows))
        for column, header in enumerate(headers)
    ]
    lines = [headers, *([str(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(headers))]
    ruled = [lines[0], ["─" * min(width, _LONGEST_RULE) for width in widths], *lines[1:]]
    return "\n".join(
        "  " + "  ".join(_padded(*how) for how in zip(line, widths, aligned, strict=True)).rstrip() for line in ruled
    )


def bar(total: int, what: str, unit: str = "行") -> "tqdm[Any]":
    """Redrawn in place on a terminal; elsewhere a new line every two seconds at most."""
    drawn = sys.stderr.isatty()
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        file=sys.stderr if drawn else _Lines(sys.stderr),
        ascii=not drawn,
        ncols=min(shutil.get_terminal_size().columns - 1, 110),
        mininterval=0.1 if drawn else 2,
        bar_format="{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} {unit} {elapsed}<{remaining} {rate_noinv_fmt}",
    )


class _Lines:
    """Takes a bar that goes back to the line's beginning, and begins a new line instead."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        try:
            if line := text.strip("\r\n "):
                self._stream.write(line + "\n")
        except BrokenPipeError:
            _let_go(self._stream)

    def flush(self) -> None:
        """Each line is flushed as it is written."""


def _let_go(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks
