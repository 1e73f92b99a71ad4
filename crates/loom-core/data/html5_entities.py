"""Writes html5_entities.txt: every named character reference of HTML5.

One line a name, sorted by name: the name as it stands after the ampersand, a space, and its one or two
code points in hexadecimal. A name with a semicolon is left out where the same name is valid without it.

    python3 html5_entities.py > html5_entities.txt

The source is the W3C list as Python ships it (html.entities.html5), the one that html.unescape uses.
"""

from html.entities import html5


def main() -> None:
    for name, text in sorted(html5.items()):
        if name.endswith(";") and name[:-1] in html5:
            assert html5[name[:-1]] == text
            continue
        print(name, *(f"{ord(c):x}" for c in text))


if __name__ == "__main__":
    main()
