"""Writes unescape_table.json: pairs of text with references and what html.unescape makes of it.

    python3 unescape_table.py > unescape_table.json

--random N prints N more pairs, for a longer comparison.
"""

import html
import json
import random
import sys
from html.entities import html5

PIECES = (
    [f"&{name}" for name in html5]
    + ["&", "&&", "&#", "&#x", "&#X", "#", ";", " ", "<", "\t", "\n", "\f", "\r", "x", "41", "233", "\u00e9", "\U0001f9ec"]
    + ["amp", "lt", "not", "notin", "a" * 31, "a" * 32, "a" * 33]
)
NUMBERS = [0, 1, 8, 9, 10, 11, 12, 13, 14, 31, 32, 38, 65, 126, 127, 128, 129, 150, 159, 160, 233, 0x2028, 0xD7FF]
NUMBERS += [0xD800, 0xDFFF, 0xE000, 0xFDCF, 0xFDD0, 0xFDEF, 0xFDF0, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE]
NUMBERS += [0x10FFFD, 0x10FFFE, 0x10FFFF, 0x110000, 2**31, 2**32, 2**32 + 65, 2**64 + 65]
FIXED = [
    "", "&", "&;", "&amp", "&AMP;lt;", "&notanentity;", "&notin;", "&notit;", "&lt&gt", "A &amp B", "&eacute;&#233;&#xe9;",
    "&#;", "&#x;", "&#xg", "&#0065;", "&#x00041", "&#65x", "&hellip", "&Eacute &eacute&egrave;", "&thinsp;|&NewLine;|&Tab;",
    "&CounterClockwiseContourIntegral;", "&CounterClockwiseContourIntegral", "&acE;&bne;", "a&b=c&d", "&a&amp;",
    "&ampamp;", "&gtrsim;", "&gtrsi;", "\u65e5\u672c&copy\u65e5", "&copy\u65e5;",
]


def some(count: int, seed: int) -> list[str]:
    chance = random.Random(seed)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 5))) for _ in range(count)]
    return [cut[: chance.randint(1, len(cut))] for cut in texts]


def main() -> None:
    if sys.argv[1:2] == ["--random"]:
        texts = some(int(sys.argv[2]), 2) + [f"&{name}" for name in html5] + [f"&{name.rstrip(';')}" for name in html5]
        texts += [f"&#{n};" for n in range(0x11000)]
    else:
        texts = FIXED + some(400, 1)
        for n in NUMBERS:
            texts += [f"&#{n};", f"&#x{n:x};", f"&#X{n:X} "]
    json.dump([[text, html.unescape(text)] for text in texts], sys.stdout, indent=0)


if __name__ == "__main__":
    main()
