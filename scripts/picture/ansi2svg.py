"""Turns what `tmux capture-pane -e -p` prints into an SVG, so that a picture of a terminal is made of
what was really on the screen. Reads standard input, writes standard output. Python 3, no packages."""

import html
import re
import sys
import unicodedata

BASE = [
    "#1c2430", "#f07178", "#8fd694", "#ffcb6b", "#6ec8ff", "#c792ea", "#7fdbca", "#d6deeb",
    "#637083", "#ff8b92", "#b5e8b0", "#ffe08a", "#9adbff", "#ddb3ff", "#a5f0e3", "#ffffff",
]
FOREGROUND, BACKGROUND = "#d6deeb", "#161c26"
CELL, LINE, SIZE, MARGIN = 8.43, 18, 14, 14


def colour(parameters):
    """The colour after a 38 or 48; takes its numbers off the list."""
    kind = parameters.pop(0) if parameters else 0
    if kind == 2 and len(parameters) >= 3:
        return "#%02x%02x%02x" % tuple(parameters.pop(0) & 255 for _ in range(3))
    index = parameters.pop(0) if parameters else 7
    if index < 16:
        return BASE[index]
    if index < 232:
        index -= 16
        steps = [0, 95, 135, 175, 215, 255]
        return "#%02x%02x%02x" % (steps[index // 36], steps[index // 6 % 6], steps[index % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (index - 232),) * 3)


def restyle(style, text):
    """The style after one SGR sequence (ECMA-48, 8.3.117)."""
    style = dict(style)
    parameters = [int(p) if p else 0 for p in re.split("[;:]", text)]
    while parameters:
        p = parameters.pop(0)
        if p == 0:
            style = {}
        elif p in (1, 2, 3, 4, 7):
            style[p] = True
        elif p == 22:
            style.pop(1, None), style.pop(2, None)
        elif p in (23, 24, 27):
            style.pop(p - 20, None)
        elif p in (38, 48):
            style["fg" if p == 38 else "bg"] = colour(parameters)
        elif p in (39, 49):
            style.pop("fg" if p == 39 else "bg", None)
        elif 30 <= p <= 37 or 90 <= p <= 97:
            style["fg"] = BASE[p - 30 if p < 40 else p - 82]
        elif 40 <= p <= 47 or 100 <= p <= 107:
            style["bg"] = BASE[p - 40 if p < 50 else p - 92]
    return style


def width(text):
    """Columns of a text: wide characters take two, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style, shapes, columns = {}, [], 40
    for row, line in enumerate(lines):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;:]*m)", re.sub(r"\x1b\].*?(\x07|\x1b\\)|\x0f|\x0e", "", line)):
            if part.startswith("\x1b["):
                style = restyle(style, part[2:-1])
                continue
            if not part:
                continue
            x, y, wide = MARGIN + column * CELL, MARGIN + 24 + row * LINE, width(part)
            fg, bg = style.get("fg", FOREGROUND), style.get("bg")
            if style.get(7):
                fg, bg = bg or BACKGROUND, fg
            if bg:
                shapes.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide * CELL:.1f}" height="{LINE}" fill="{bg}"/>')
            if part.strip():
                extra = ' font-weight="bold"' if style.get(1) else ""
                extra += ' opacity="0.62"' if style.get(2) else ""
                extra += ' font-style="italic"' if style.get(3) else ""
                shapes.append(
                    f'<text x="{x:.1f}" y="{y + 14:.1f}" fill="{fg}" textLength="{wide * CELL:.1f}"'
                    f' xml:space="preserve"{extra}>{html.escape(part)}</text>'
                )
            column += wide
        columns = max(columns, column)
    wide, high = columns * CELL + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN + 24
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high}" viewBox="0 0 {wide:.0f} {high}"')
    print(f'  font-family="ui-monospace, SFMono-Regular, Menlo, DejaVu Sans Mono, monospace" font-size="{SIZE}">')
    print(f'<rect width="100%" height="100%" rx="10" fill="{BACKGROUND}"/>')
    for at, fill in enumerate(("#ff5f56", "#ffbd2e", "#27c93f")):
        print(f'<circle cx="{MARGIN + 6 + 20 * at}" cy="{MARGIN + 4}" r="6" fill="{fill}"/>')
    print("\n".join(shapes))
    print("</svg>")


if __name__ == "__main__":
    main()
