"""The figure: every engine's time relative to Tandem's, a row for each model and a panel for each number of threads."""

from html import escape
from math import ceil, floor, log2
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COLORS = ["#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee"]
ROW, TOP, LABELS, PANEL, GAP, BOTTOM = 18, 64, 216, 350, 26, 44
STYLE = """svg { background: #fff; }
svg text { fill: #5b6475; font: 12px system-ui, sans-serif; } svg .strong { fill: #1c2330; font-weight: 600; }
svg .grid { stroke: #d9dee7; } svg .one { stroke: #1c2330; stroke-width: 1.5; }"""


def svg(comparison):
    """The figure as SVG text."""
    models = [model for group in comparison.groups for model in comparison.models[group]]
    others = [engine for engine in comparison.engines if engine != "Tandem"]
    points = []
    for panel, threads in enumerate(comparison.threads):
        for line, model in enumerate(models):
            ours = comparison.time(model, threads, "Tandem")
            for engine in others:
                theirs = comparison.time(model, threads, engine)
                if ours and theirs:
                    points.append((panel, line, engine, log2(theirs / ours)))
    low = max(-3, min([-1, *(floor(point[3]) for point in points)]))
    high = min(4, max([2, *(ceil(point[3]) for point in points)]))
    width = LABELS + len(comparison.threads) * (PANEL + GAP)
    height = TOP + ROW * len(models) + BOTTOM
    foot = TOP + ROW * len(models)

    def left(panel, power):
        return LABELS + panel * (PANEL + GAP) + (min(max(power, low), high) - low) / (high - low) * PANEL

    title = "Time of each engine relative to Tandem's"
    out = [
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}" xmlns="http://www.w3.org/2000/svg">',
        f"<title>{title}</title>", f"<style>{STYLE}</style>",
        f'<text x="16" y="20" class="strong">{title}: right of 1, Tandem is faster</text>']
    place = 16
    for engine, color in zip(others, COLORS):
        out.append(f'<circle cx="{place + 5}" cy="36" r="4.5" fill="{color}"/>')
        out.append(f'<text x="{place + 14}" y="40">{escape(engine)}</text>')
        place += 34 + 7 * len(engine)
    for panel, threads in enumerate(comparison.threads):
        out.append(
            f'<text x="{left(panel, low):.1f}" y="{TOP - 6}" class="strong">{threads} '
            f'thread{"" if threads == 1 else "s"}</text>')
        for power in range(low, high + 1):
            x, kind = left(panel, power), "one" if power == 0 else "grid"
            label = f"{2 ** power}" if power >= 0 else f"1/{2 ** -power}"
            out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{foot}" class="{kind}"/>')
            out.append(f'<text x="{x:.1f}" y="{foot + 16}" text-anchor="middle">{label}</text>')
    for line, model in enumerate(models):
        y = TOP + ROW * line + ROW / 2
        out.append(f'<text x="{LABELS - 10}" y="{y + 4}" text-anchor="end">{escape(model)}</text>')
    for panel, line, engine, power in points:
        color = COLORS[others.index(engine)]
        out.append(
            f'<circle cx="{left(panel, power):.1f}" cy="{TOP + ROW * line + ROW / 2}" r="4.5" fill="{color}" '
            f'fill-opacity=".75"/>')
    out.append(f'<text x="{LABELS}" y="{foot + 36}">Logarithmic; what lies beyond an end of the axis is drawn at it.</text>')
    return "\n".join([*out, "</svg>"]) + "\n"
