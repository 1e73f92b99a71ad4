#!/usr/bin/env bash
# Makes Arimo.ttf, the font of text in PNG: of Debian's fonts-croscore the letters of European languages,
# Greek, Cyrillic and the signs that plots need, without hints. Wants fonttools (from PyPI).
set -euo pipefail
cd "$(dirname "$0")"
signs=U+20-7E,U+A0-17F,U+370-3FF,U+400-45F,U+2010-2026,U+2030,U+2032-2033,U+2070-2089,U+20AC,U+2122
pyftsubset "${1:-/usr/share/fonts/truetype/croscore/Arimo-Regular.ttf}" --output-file=Arimo.ttf \
    --unicodes="$signs,U+2190-2193,U+2212,U+221E,U+2248,U+2264-2265,U+FFFD" \
    --no-hinting --layout-features= --notdef-outline --name-IDs=0,1,2,3,4,5,6,7,13,14
