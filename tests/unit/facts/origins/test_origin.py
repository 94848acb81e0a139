from __future__ import annotations

import pytest

from safeinstall.facts.origins.origin import (
    LARGEST,
    PARSED,
    Comparison,
    Explained,
    Origin,
    TreeMaker,
    Unfound,
    compare,
    library_path,
)

CODE, OTHER = "print(1)\n", "print(2)\n"


def member(path, text=CODE, *, step=7):
    maker = TreeMaker()
    maker.begin(path)
    data = text if isinstance(text, bytes) else text.encode()
    for begin in range(0, len(data), step):
        maker.feed(data[begin : begin + step])
    maker.end()
    return maker.tree[path]


def tree(files):
    return {path: member(path, text) for path, text in files.items()}


def compared(wheel, sdist, *, compiled=False):
    return compare(tree(wheel), tree(sdist), "acme-1.0.tar.gz", compiled=compiled)


def unfound(path, *, differs=False, runs=True, explained=None):
    return Unfound(path=path, differs=differs, runs=runs, explained=explained)


@pytest.mark.parametrize("place", ["acme/a.py", "src/acme/a.py", "python/lib/acme/a.py", "sources/a.py"])
def test_a_file_is_found_wherever_it_lies(place):
    assert compared({"acme/a.py": CODE}, {place: CODE, "setup.py": OTHER}) == Comparison(
        source="acme-1.0.tar.gz", found=1
    )


@pytest.mark.parametrize("place", ["tests/payload.py", "docs/payload.txt", "acme/A.py"])
def test_but_by_another_name_it_is_told(place):
    (found,) = compared({"acme/a.py": CODE}, {place: CODE}).told
    assert (found.path, found.elsewhere, found.note) == ("acme/a.py", place, f"there it is {place}")


def test_nothing_is_told_of_what_a_template_is_copied_to_or_is_no_code():
    wheel = {"acme/a.py": CODE, "acme/__init__.py": "", "acme/data.txt": "d"}
    assert compared(wheel, {"acme/a.py.in": CODE, "x/empty.py": "", "y": "d"}).unfound == ()


def test_of_many_copies_the_one_of_its_name_is_found():
    copies = {f"{i}/b{i}.py": CODE for i in range(50)}
    assert compared({"acme/a.py": CODE}, {**copies, "src/acme/a.py": CODE}).unfound == ()


def test_what_is_only_in_the_wheel_and_what_differs():
    found = compared(
        {"acme/__init__.py": CODE, "acme/a.py": OTHER, "acme/b.py": OTHER, "acme/c.txt": "c"},
        {"src/acme/__init__.py": CODE, "src/acme/a.py": CODE},
    )
    assert found.told == found.unfound
    assert found.unfound == (
        unfound("acme/a.py", differs=True),
        unfound("acme/b.py"),
        unfound("acme/c.txt", runs=False),
    )


def test_a_mapping_of_folders_is_found_by_matching():
    found = compared({"acme/a.py": CODE, "acme/b.py": OTHER}, {"other/a.py": CODE, "other/b.py": "x"})
    assert found.unfound == (unfound("acme/b.py", differs=True),)


@pytest.mark.parametrize(
    ("path", "text", "explained"),
    [
        ("acme-1.0.dist-info/RECORD", "a", Explained.METADATA),
        ("acme/_version.py", "__version__ = '1.0'\n", Explained.VERSION),
        ("acme/__init__.py", "", Explained.EMPTY),
        ("acme/__init__.py", "# only\n\n   # a comment\r\n", Explained.EMPTY),
    ],
)
def test_what_is_explained_and_told_all_the_same(path, text, explained):
    found = compared({path: text}, {"setup.py": CODE})
    assert [(each.path, each.explained) for each in found.unfound] == [(path, explained)]
    assert found.told == ()


@pytest.mark.parametrize(
    ("path", "text", "note"),
    [
        (
            "acme/_version.py",
            "__import__('os').system('id')",
            "called like a version file, but it does more than to assign constants",
        ),
        ("acme-1.0.dist-info/evil.py", CODE, ""),
        ("acme/a.pyc", CODE, "bytecode"),
        ("acme/__pycache__/a.cpython-311.pyc", "", "bytecode"),
        ("acme/a.so", "\x7fELF", "compiled, in a file that says it holds nothing compiled"),
        ("acme/a.cp311-win_amd64.PYD", "MZ", "compiled, in a file that says it holds nothing compiled"),
        ("acme/A.PY", CODE, ""),
        # a comment that is a line of code in the encoding that the file says it has
        ("acme/a.py", "# coding: utf-7\n# +AAo-print(1)\n", ""),
        ("run", "#!/usr/bin/env python3\nprint(1)\n", ""),
    ],
)
def test_what_python_runs_is_never_explained_by_its_name(path, text, note):
    found = compared({path: text}, {"setup.py": OTHER})
    assert [(each.path, each.runs, each.explained, each.note) for each in found.told] == [(path, True, None, note)]


MATURIN = 'from .acme import *\n\n__doc__ = acme.__doc__\nif hasattr(acme, "__all__"):\n    __all__ = acme.__all__'


def test_the_file_that_maturin_makes():
    found = compared({"acme/__init__.py": MATURIN}, {"src/lib.rs": ""}, compiled=True)
    assert [each.explained for each in found.unfound] == [Explained.MATURIN]
    for other in (MATURIN.replace("acme.__doc__", "other.__doc__"), f"{MATURIN}\nx = 1", f"import x\n{MATURIN}"):
        assert [each.explained for each in compared({"acme/__init__.py": other}, {"lib.rs": ""}).unfound] == [None]


SHELL = 'import subprocess\nCOMPILER = "@C@"\nsubprocess.run([f"{COMPILER}", "--version"], shell=True)\n'


@pytest.mark.parametrize(
    ("changes", "explained"),
    [
        ([("@C@", "gcc")], Explained.TEMPLATE),
        ([("@C@", "gcc"), ("--version", "; id")], None),
        ([("@C@", "gcc"), ("subprocess.run", "subprocess.call")], None),
    ],
)
def test_what_a_template_gives_to_a_function_of_others_counts_as_it_stands(changes, explained):
    made = SHELL
    for old, new in changes:
        made = made.replace(old, new)
    found = compared({"acme/__config__.py": made}, {"acme/__config__.py.in": SHELL})
    assert [each.explained for each in found.unfound] == [explained]


TEMPLATE = 'CONFIG = {"compiler": "@C_COMP@"}\ndef show():\n    print(CONFIG)\n'
MADE = TEMPLATE.replace("@C_COMP@", "gcc")


@pytest.mark.parametrize(
    ("path", "text", "template", "explained"),
    [
        ("acme/__config__.py", MADE, "acme/__config__.py.in", Explained.TEMPLATE),
        ("acme/__config__.py", MADE.replace("print", "exec"), "acme/__config__.py.in", None),
        ("acme/__config__.py", MADE + "exec('x')", "acme/__config__.py.in", None),
        ("acme/__config__.py", MADE, "acme/_config.py.in", None),
        ("acme/__config__.py", MADE, "acme/__config__.txt", None),
        ("acme/other.py", MADE, "acme/other.py.in", None),
        ("acme/__config__.py", "x = (", "acme/__config__.py.in", None),
    ],
)
def test_what_meson_makes_of_a_template(path, text, template, explained):
    found = compared({path: text}, {template: TEMPLATE, "setup.py": CODE})
    assert [each.explained for each in found.unfound] == [explained]


def test_what_is_compiled_is_explained_in_a_wheel_for_a_platform():
    found = compared({"acme/a.cpython-311-x86_64-linux-gnu.so": "\x7fELF"}, {"setup.py": OTHER}, compiled=True)
    assert [(each.path, each.explained) for each in found.unfound] == [
        ("acme/a.cpython-311-x86_64-linux-gnu.so", Explained.COMPILED)
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1\r\nb = 2\r\n", "a = 1\nb = 2\n"),
        ("#!python\na = 1\n", "#!/usr/bin/env python3\na = 1\n"),
        ("#!/opt/venv/bin/python3.11\r\na = 1\n", "#!python\na = 1\n"),
    ],
)
def test_the_same_text_in_another_form_is_the_same(one, other):
    assert compared({"acme/a.py": one}, {"acme/a.py": other}).unfound == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1\n", "a = 2\n"),
        ("#!python -*- coding: utf-7 -*-\n# +AAo-a = 1\n", "#!python\n# +AAo-a = 1\n"),
        ("a = 1\n", "#!python\na = 1\n"),
        ("a\rb", "a\nb"),
    ],
)
def test_another_text_is_another(one, other):
    assert len(compared({"acme/a.py": one}, {"acme/a.py": other}).told) == 1


def test_data_is_compared_byte_by_byte():
    assert len(compared({"acme/a.txt": "a\r\n"}, {"acme/a.txt": "a\n"}).told) == 1


def test_a_large_file_is_compared_byte_by_byte_and_still_told():
    large = b"#!/usr/bin/python3\r\n" + b"#" * LARGEST
    whole = member("run", large, step=1 << 18)
    assert (whole.runs, whole.empty) == (True, False)
    assert whole == member("run", large, step=1 << 20)
    assert whole != member("run", large.replace(b"\r\n", b"\n\n"), step=1 << 18)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("acme/a.py", "acme/a.py"),
        ("acme-1.0.data/purelib/acme/a.py", "acme/a.py"),
        ("acme-1.0.data/platlib/a.py", "a.py"),
        # in the library there may be another one of that name
        ("acme-1.0.data/scripts/run", "acme-1.0.data/scripts/run"),
        ("acme-1.0.data/data/share/a", "acme-1.0.data/data/share/a"),
        ("acme-1.0.data/headers/a.py", "acme-1.0.data/headers/a.py"),
        ("acme-1.0.data/purelib", "acme-1.0.data/purelib"),
        ("acme/b.data/scripts/x.py", "acme/b.data/scripts/x.py"),
        ("b.data", "b.data"),
    ],
)
def test_where_a_member_is_in_the_library(name, place):
    assert library_path(name) == place


def test_a_file_counts_as_found_where_one_source_has_it_or_explains_it():
    wheel = {"acme/a.py": CODE, "acme/b.py": "b = 1", "acme/c.py": "c = 1", "acme/data.txt": "d"}
    sdist = compare(tree(wheel), tree({"acme/a.py": CODE}), "acme-1.0.tar.gz", compiled=False)
    commit = compare(tree(wheel), tree({"acme/b.py": "b = 1"}), "commit 1234", compiled=False)
    origin = Origin.of([sdist, commit])
    assert origin == Origin(sources=("acme-1.0.tar.gz", "commit 1234"), unfound=(unfound("acme/c.py"),))
    assert Origin.of([sdist]).told == (unfound("acme/b.py"), unfound("acme/c.py"))


def test_a_source_that_is_made_to_take_long_does_not():
    many = {f"{i}/__init__.py": "" for i in range(20000)}
    files = tree(many)
    assert compare(files, files, "x", compiled=False).found == len(many)


def test_no_archive_makes_us_parse_without_end():
    maker = TreeMaker()
    for i in range(PARSED + 1):
        maker.begin(f"{i}/_version.py")
        maker.feed(b"version = '1'")
        maker.end()
    constants = [member.constants for member in maker.tree.values()]
    assert (all(constants[:-1]), constants[-1]) == (True, False)


def test_a_long_line_of_comments_does_not_take_long():
    for text in ("# " * 8000 + "\nx", "\n" * 16000 + "x", "#\r" * 8000 + "x"):
        assert not member("a.py", text, step=1 << 14).empty
    assert member("a.py", "# a\r#b\r\n\f\n", step=64).empty
    assert not member("a.py", "# a\rprint(1)", step=64).empty
