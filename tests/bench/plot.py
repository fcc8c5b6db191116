"""Growth curves as SVG: what a night costs over the number of applications, both on logarithmic scales."""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path

from tests.bench.figures import Figure

WIDTH, HEIGHT, LEFT, RIGHT, BELOW = 720, 360, 90, 130, 40
AXIS = LEFT - 36
"""Where the scale begins: the first numbers of the curves stand beside it."""
ROOM = 1.5
"""How much above the lowest line a curve begins, so that a number has room below it."""
OVER, UNDER = -8, 17
CURVES = {
    "cpu": ("s CPU", "#0b6bcb", UNDER),
    "wall": ("s on the clock", "#7a3fb0", OVER),
    "peak": ("MiB at most", "#c2570c", OVER),
}
"""Unit, colour, and how far from its points the numbers of each stand."""


def growth(figures: Iterable[Figure], sizes: Sequence[int]) -> str:
    """Draw the curves of the figures `scan-<size>-<curve>`."""
    values = {each.name: each.value for each in figures}
    curves = {name: {size: values[f"scan-{size}-{name}"] for size in sizes} for name in CURVES}
    every = [value for curve in curves.values() for value in curve.values()]
    sheet = _Sheet(sizes, floor(log10(min(every) / ROOM)), ceil(log10(max(every))))
    parts = [*sheet.grid(), *(part for name, curve in curves.items() for part in sheet.curve(name, curve))]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
    return "\n".join(
        [f'{head} font-size="12">', '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>", ""]
    )


def write_growth(path: Path, figures: Iterable[Figure], sizes: Sequence[int]) -> None:
    """Draw them into a file."""
    path.write_text(growth(figures, sizes), encoding="utf-8")


class _Sheet:
    def __init__(self, sizes: Sequence[int], low: int, high: int) -> None:
        self._sizes, self._low, self._high = sizes, low, high
        self._first, self._span = log10(sizes[0]), log10(sizes[-1] / sizes[0])

    def _at(self, size: float, value: float) -> tuple[float, float]:
        right = LEFT + (WIDTH - LEFT - RIGHT) * (log10(size) - self._first) / self._span
        up = (HEIGHT - BELOW - 20) * (log10(value) - self._low) / (self._high - self._low)
        return round(right, 1), round(HEIGHT - BELOW - up, 1)

    def grid(self) -> Iterable[str]:
        for power in range(self._low, self._high + 1):
            right, up = self._at(self._sizes[-1], 10**power)
            yield f'<path d="M{AXIS} {up}H{right}" stroke="#ddd"/>'
            yield f'<text x="{AXIS - 8}" y="{up + 4}" text-anchor="end">{10**power:g}</text>'
        for size in self._sizes:
            right, _ = self._at(size, 1)
            yield f'<text x="{right}" y="{HEIGHT - 16}" text-anchor="middle">{size:,} applications</text>'

    def curve(self, name: str, values: Mapping[int, float]) -> Iterable[str]:
        unit, colour, off = CURVES[name]
        points = [self._at(size, value) for size, value in values.items()]
        line = " ".join(f"{right},{up}" for right, up in points)
        yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for (right, up), value in zip(points, values.values(), strict=True):
            yield f'<circle cx="{right}" cy="{up}" r="3" fill="{colour}"/>'
            yield f'<text x="{right}" y="{up + off}" text-anchor="middle" fill="{colour}">{value:.3g}</text>'
        right, up = points[-1]
        yield f'<text x="{right + 24}" y="{up + 4 + off // 3}" fill="{colour}">{unit}</text>'
