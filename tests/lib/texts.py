"""Texts that no honest package holds: values of metadata fields, names of members and commands, requirements."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

LONG = "a" * 5000
ODD = ("", " ", "\t", "a\x00b", "\x1b[31m", "é", "\u202eabc", LONG, "-", "%(x)s", "\udcff", "1" * 5000)

FIELDS: dict[str, tuple[str, ...]] = {
    "Metadata-Version": ("1.0", "2.0", "2.1", "2.2", "2.4", "2.9", "3.0", "99", "2", "x", "2.x"),
    "Name": ("beta", "ALPHA", "al.pha", "alpha-", "../alpha", "alpha beta", "älpha", "neighbour", "a/b"),
    "Version": ("1.0.0", "1", "v1.0", "1.1", "0.5", "one", "1.0+local", "1!1.0", "1.0.dev0", "\u0661.\u0660", "1.0-1", "1.0 "),
    "Requires-Dist": (
        "companion", "companion>=1", "companion>=99", "absent", "companion @ http://127.0.0.1:9/c-1.0-py3-none-any.whl",
        "companion @ file:///nowhere/companion-1.0.tar.gz", "companion; extra == 'x'", "companion; extra == ''", "alpha",
        "alpha==2", "alpha[x]", "companion (>=1)", "companion >=1.*", "companion ==1.*", "!", "companion; foo == '1'",
        "companion; python_version ~= '3'", "companion; python_version in '3.11'", "companion; os_name < '1'",
        "companion; 'a' == 'a'", "companion; " + "(" * 500 + "os_name == 'x'" + ")" * 500, "../companion", "./companion",
        "companion --hash=sha256:00", "-r requirements.txt", "companion[" + "x," * 500 + "x]", "companion<=1,>=1,!=2",
        "companion===1.0", "companion===one", "companion; platform_release >= '1'", "companion;", "companion @ ",
        "companion==1.0+local", "companion~=1", "companion ; python_version>='3' and extra", "companion\\", "pip<1",
        "companion; implementation_version == 'x'", "neighbour==2", "pip>=1", "companion==" + "1" * 5000,
    ),
    "Requires-Python": (
        ">=99", "<2", "garbage", ">=3.8,", "==3.*", ">=3.8; x", "~=3", "===3", "!=3.11.*", ">=3.x", ",", ">=3.7 <4",
        ">=1" + "0" * 5000, ">=3.6,<4,!=3.0.*", "3", ">='3'",
    ),
    "Dynamic": ("Version", "Name", "Requires-Dist", "requires-dist", "Provides-Extra", "Requires-Python", "x"),
    "Provides-Extra": ("x", "X_Y", "../x", "x y", "-"),
    "License-File": ("LICENSE", "../../../../../etc/passwd", "/etc/passwd", "alpha/__init__.py"),
    "License-Expression": ("MIT", "nonsense AND", "MIT\nX: y"),
    "Description-Content-Type": ("text/markdown", "text/x; charset=utf-16", ";;;"),
    "Summary": ("a\n        b", "=?utf-8?q?hello?=", "=?utf-16?b?//4=?="),
    "Author-email": ("a <b@c.example>", "=?x?=", "a" * 100_000),
    "Classifier": ("Private :: Do Not Upload", "x"),
    "Home-page": ("javascript:alert(1)", "http://[::1"),
    "Project-URL": ("x", "a, b, c"),
    "Obsoletes-Dist": ("companion", "!"),
    "Import-Name": ("alpha", "../alpha", "alpha;private"),
}  # fmt: skip
SINGLE = ("Metadata-Version", "Name", "Version", "Requires-Python", "Summary", "Home-page", "License-Expression")

PATHS = (
    "alpha/b.py", "alpha/./b.py", "./alpha/b.py", "alpha//b.py", "alpha/../b.py", "../b.py", "../../b.py", "/b.py", "//b",
    "alpha/b/", "alpha/b.", "alpha/ b", "alpha/b ", "C:/b.py", "C:b.py", "alpha\\b.py", "\\b.py", "alpha/b:c", "alpha/CON",
    "alpha/b\x00c.py", "alpha/b\nc.py", "alpha/b\x1b[31m.py", "alpha/b\rc", "alpha/\u202eb.py", "alpha/é.py", "alpha/e\u0301.py",
    "alpha/\U0001f600.py", "alpha/\udcff.py", "alpha/" + "b" * 250 + ".py", "alpha/" + "b" * 252 + ".py", "b" * 255, "b" * 256,
    "é" * 128, "/".join("b" * 60), "/".join("b" * 70), "b/" * 20 + "b" * 200, "/".join(["b" * 100] * 12), "ALPHA/__init__.py",
    "Alpha/b.py", "alpha/__INIT__.py", "alpha/__init__.py/b.py", "alpha", "alpha/b.py/c", "neighbour", "neighbour/__init__.py",
    "neighbour/b.py", "neighbour/__init__.py/b.py", "neighbour-1.0.dist-info", "neighbour-1.0.dist-info/RECORD",
    "neighbour-1.0.dist-info/METADATA", "NEIGHBOUR/__init__.py", "alpha/__pycache__", "alpha/__pycache__/__init__.cpython-311.pyc",
    "alpha/__pycache__/b/c.py", "__pycache__", "__pycache__/b.pyc", "b.pth", "b.PTH", "distutils-precedence.pth", "sitecustomize.py",
    "b.so", "b.egg-info", "b.egg-info/PKG-INFO", "alpha.egg-link", "easy-install.pth", "b.dist-info", "RECORD", "METADATA",
    "setup.py", "pyproject.toml", "-b", "--b", "~lpha/b.py", "~lpha-1.0.dist-info/METADATA", "alpha,b.py", 'alpha/"b".py',
    "alpha/b,c.py", "alpha/'b'.py", "alpha/%2e%2e/b", "alpha/$HOME", "alpha/`b`", "..", ".", "", " ", "alpha/..", "alpha/...",
    "~", "alpha/b\u2028.py", "alpha/b\x85.py", "alpha/b\x0b.py", "alpha/b\x1c.py", "alpha/b;c.py", "six.py", "typing.py",
)  # fmt: skip

INFO_NAMES = (
    "INSTALLER", "REQUESTED", "direct_url.json", "RECORD.jws", "RECORD.p7s", "record", "Record", "metadata", "RECORD/x",
    "INSTALLER/x", "REQUESTED/x", "direct_url.json/x", "METADATA/x", "WHEEL/x", "entry_points.txt/x", "x/METADATA", "PKG-INFO",
    "top_level.txt", "namespace_packages.txt", "requires.txt", "licenses/x", "licenses/../../x", "sboms/x.json", "__init__.py",
    "x.py", "RECORD.txt", "RECORD ", "é", "RECORD.tmp", "INSTALLERx.tmp", "pylock.toml", "zip-safe", "x.pth", "installed-files.txt",
)  # fmt: skip
INFO_DIRS = (
    "Alpha-1.0.dist-info", "ALPHA-1.0.DIST-INFO", "alpha-1.dist-info", "alpha-1.0.0.dist-info", "alpha.dist-info",
    "alpha_-1.0.dist-info", "alpha-1.0-py3.dist-info", "beta-1.0.dist-info", "alpha-2.0.dist-info", "alpha-1.0.dist-info.",
    "alpha-1.0.dist-info ", "alpha-1.0 .dist-info", "alphaé-1.0.dist-info", "alpha-v1.0.dist-info", ".dist-info", "-.dist-info",
    "alpha-1.0.egg-info", "x/alpha-1.0.dist-info", "alpha-one.dist-info", "alpha-1.0+x.dist-info", "alphabet-1.0.dist-info",
    "alpha-extra-1.0.dist-info", "neighbour-1.0.dist-info", "~lpha-1.0.dist-info", "alpha-1.0.0.0.dist-info",
)  # fmt: skip

COMMANDS = (
    "alpha", "./alpha", "../alpha", "../../alpha", "./python", "python", "pip", "./pip", "../bin/pip", "x/pip", "..\\pip", "/tmp",
    "/alpha", "C:alpha", "C:\\alpha", ".alpha", "..", ".", "", " ", "alpha beta", "al\tpha", "al\x00pha", "al\x1b[31mpha", "älpha",
    "alpha.exe", "alpha-script.py", "alpha.pya", "ALPHA", "neighbour", "NEIGHBOUR", "activate", "Activate.ps1", "a" * 255, "a" * 256,
    LONG, "-alpha", "alpha;beta", "alpha:beta", "alpha[x]", "[alpha", "#alpha", "alpha#", '"alpha"', "$(alpha)", "re.py", "six",
    "alpha/", "alpha/beta", "\u202ealpha", "alpha\u2028", "alpha\x85beta", "%(x)s", "alpha%", "con", "nul.txt", "alpha.", "alpha ",
    "__pycache__", "python3", "pip3", "easy_install", "pip3.99", "~", "*", "alpha|b", "alpha,b", "\udcff",
)  # fmt: skip
TARGETS = (
    "alpha:main", "alpha", ":", "", "alpha:", ":main", "alpha:main [x]", "alpha:main[x,y]", "alpha:main.sub", "alpha.sub:main", "1:2",
    "alpha:main; import os", "al pha:main", "alpha:main\n  more", "import os:main", "alpha:ma-in", "alpha:main()", "alpha::main",
    '"alpha:main"', "alpha:main # x", "älpha:mäin", "alpha:main\x00", "%(x)s", "alpha:main [", "alpha:main ]", "alpha/x:main",
    "alpha:main\x85x", LONG + ":main", "..alpha:main", "alpha:main [x] [y]", "\u202ealpha:main", "\udcff:main", "alpha:main\x1b[31m",
)  # fmt: skip
SECTIONS = (
    "console_scripts", "gui_scripts", "CONSOLE_SCRIPTS", " console_scripts ", "console_scripts]", "[console_scripts", "",
    "DEFAULT", "pip", "x.y", "console_scripts\x00", "é", "distutils.commands", "console-scripts", "console_scripts.x",
)  # fmt: skip

REQUIRES = (
    [], ["companion"], ["absent"], ["companion>=99"], ["!"], "companion", 1, [1], None, ["companion @ http://127.0.0.1:9/x.whl"],
    ["./x"], ["alpha"], ["alpha==1.0"], ["companion; extra == 'x'"], ["companion", "companion==1.0"], ["companion==1.0", "companion==2"],
    [""], ["-r x"], ["companion[x]"], {"a": 1}, True, ["pip<1"], ["neighbour"],
)  # fmt: skip


def encodings(chance: Random) -> tuple[str, Callable[[bytes], bytes]]:
    """Return a way to write a text otherwise, with its name."""
    ways: dict[str, Callable[[bytes], bytes]] = {
        "CRLF": lambda d: d.replace(b"\n", b"\r\n"),
        "CR": lambda d: d.replace(b"\n", b"\r"),
        "BOM": lambda d: b"\xef\xbb\xbf" + d,
        "UTF-16": lambda d: d.decode("utf-8", "replace").encode("utf-16"),
        "UTF-16 without BOM": lambda d: d.decode("utf-8", "replace").encode("utf-16-le"),
        "not UTF-8": lambda d: d + b"X: \xff\xfe\n",
        "Latin-1 first": lambda d: b"\xe9" + d,
        "NUL": lambda d: d.replace(b"\n", b"\x00\n", 1),
        "NUL at the end": lambda d: d + b"\x00",
        "empty": lambda d: b"",
        "blank line first": lambda d: b"\n" + d,
        "blank line within": lambda d: d.replace(b"\n", b"\n\n", 1),
        "no field within": lambda d: d.replace(b"\n", b"\nnonsense\n", 1),
        "From within": lambda d: d.replace(b"\n", b"\nFrom nobody\n", 1),
        "no end of line": lambda d: d.rstrip(b"\n"),
        "leading space": lambda d: b" " + d,
        "folded": lambda d: d.replace(b": ", b":\n "),
        "no space": lambda d: d.replace(b": ", b":"),
        "lower case": lambda d: d.lower(),
        "upper case": lambda d: d.upper(),
        "form feed": lambda d: d.replace(b"\n", b"\x0c\n", 1),
        "NEL": lambda d: d.replace(b"\n", "\x85".encode(), 1),
        "line separator": lambda d: d.replace(b"\n", "\u2028".encode(), 1),
        "huge": lambda d: d + b"X: " + b"y" * 2_000_000 + b"\n",
        "many lines": lambda d: d + b"X: y\n" * 100_000,
        "cut": lambda d: d[: len(d) // 2],
        "noise": lambda d: bytes(range(256)) * 4,
    }
    name = chance.choice(sorted(ways))
    return name, ways[name]
