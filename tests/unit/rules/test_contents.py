from __future__ import annotations

import pytest
from lib.facts import direct, evidence, messages

from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.terms import StartupExemption
from safeinstall.facts.values import Layout, Missing
from safeinstall.policy.selectors import parse_selector
from safeinstall.rules.contents import Contents

HONEST = Layout(
    modules={"acme/__init__.py": "", "acme/pip/x.py": "", "other/sitecustomize.py": "", "Win32/Lib/x.py": ""},
    scripts={"acme": "acme.cli:main", "pip-audit": "x:y", "python-argcomplete-check": "", "git-acme": ""},
    data=("share/man/man1/acme.1", "lib/libacme.so.2", "etc/python3/x.py"),
    startup={"acme.pth": "# import this\n\n.\n./Win32\nacme/pip/\nwin32\\lib  \n"},
)
NAMESPACE = (
    "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(sys._getframe(1).f_locals['sitedir'],"
    " *('google', 'cloud'));importlib = has_mfs and __import__('importlib.util');has_mfs and"
    " __import__('importlib.machinery');m = has_mfs and sys.modules.setdefault('google.cloud',"
    " importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('google.cloud',"
    " [os.path.dirname(p)])));m = m or sys.modules.setdefault('google.cloud', types.ModuleType('google.cloud'));mp ="
    " (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p);m and"
    " setattr(sys.modules['google'], 'cloud', m)"
)


NEWER_NAMESPACE = (
    NAMESPACE.replace("has_mfs = sys.version_info > (3, 5);", "").replace("has_mfs and ", "").replace("has_mfs", "")
)


def holding(release="acme==1.0", *, overlaps=None, **layout):
    return evidence(release, contents=Layout(**layout), overlaps=overlaps or {})


def pth(text, release="acme==1.0"):
    return holding(release, modules={"acme.pth": "acme.pth", "src/x.py": ""}, startup={"acme.pth": text})


def test_a_package_that_installs_itself_passes():
    assert messages(Contents(), evidence(contents=HONEST)) == []


def test_code_that_runs_at_the_start_of_an_interpreter():
    assert list(Contents().check(pth("./src\nimport acme.hook\n"))) == [
        Finding(
            rule="contents",
            level=Level.DENY,
            message="runs code whenever Python starts: acme.pth: import acme.hook",
            key="rules.contents.startup",
            remedy='find out what it is for, then add { package = "acme==1.0", lines = ["import acme.hook"],'
            ' reason = "…" } to exempt in [rules.contents]',
        )
    ]


@pytest.mark.parametrize(
    ("layout", "shown"),
    [
        (
            {"startup": {"a.pth": "import x; f('\"')\nimport x\nimport y\nimport x\n"}},
            r"""["import x; f('\"')", "import x", "import y"]""",
        ),
        ({"startup": {"a.pth": "import x" + " " * 400}}, '["import x"]'),
        ({"startup": {"a.pth": "import x; " + "f();" * 100}}, None),
        ({"startup": {"a.pth": "import x; '\u0107'"}}, None),
        ({"startup": {"a.pth": "import x"}, "modules": {"sitecustomize.py": ""}}, None),
        ({"modules": {"sitecustomize.py": ""}}, None),
    ],
)
def test_the_entry_that_would_let_it_pass_is_shown_if_lines_can_say_it(layout, shown):
    (finding,) = Contents().check(holding(**layout))
    lines = f"lines = {shown}, " if shown else ""
    entry = f'{{ package = "acme==1.0", {lines}reason = "…" }}'
    assert finding.remedy == f"find out what it is for, then add {entry} to exempt in [rules.contents]"


@pytest.mark.parametrize(
    "text",
    [
        "import\tos",
        "\ufeffimport os",
        "src\rimport os",
        "src\r\nimport os; os.system('x')",
        "#\x0cimport os",
        "#\u2028import os",
        NAMESPACE + "; import evil",
        NAMESPACE + "\x0c; import evil",
        NAMESPACE.replace("'google', 'cloud'", "'google', evil('cloud')"),
    ],
)
def test_a_line_of_code_in_whatever_guise(text):
    assert len(messages(Contents(), pth(text))) == 1


@pytest.mark.parametrize(
    "text", [NAMESPACE, NEWER_NAMESPACE, NAMESPACE + "\n" + NEWER_NAMESPACE, "#import os", "src\n"]
)
def test_a_namespace_as_setuptools_declared_it_runs_nothing(text):
    assert messages(Contents(), pth(text)) == []


@pytest.mark.parametrize("line", [NAMESPACE, NEWER_NAMESPACE])
def test_a_namespace_that_lies_elsewhere_than_it_says_is_code(line):
    """Python would look for ``google.cloud`` in ``zz/cloud``, which may be compiled, or stand for another package."""
    for changed in (
        line.replace("'google', 'cloud'", "'zz', 'cloud'"),
        line.replace("modules['google']", "modules['zz']"),
    ):
        assert len(messages(Contents(), pth(changed))) == 1


@pytest.mark.parametrize("path", ["google/cloud.abi3.so", "google/cloud/__init__.cpython-311-x86_64-linux-gnu.so"])
@pytest.mark.parametrize("line", [NAMESPACE, NEWER_NAMESPACE])
def test_a_namespace_whose_module_is_compiled_runs_it(line, path):
    (message,) = messages(Contents(), holding(startup={"x-nspkg.pth": line}, modules={path: ""}))
    assert message.startswith("runs code whenever Python starts: x-nspkg.pth: import sys, types, os;")
    assert messages(Contents(), holding(startup={"x-nspkg.pth": line}, modules={"google/cloud/api.abi3.so": ""})) == []


@pytest.mark.parametrize("name", ["xml", "concurrent", "importlib", "pip", "setuptools"])
@pytest.mark.parametrize("line", [NAMESPACE, NEWER_NAMESPACE])
def test_a_namespace_in_the_place_of_a_package_that_python_or_a_command_imports(line, name):
    """Its modules would be found in place of those of the library: ``xml/dom`` of the wheel for ``xml.dom``."""
    assert len(messages(Contents(), pth(line.replace("google", name)))) == 1
    assert len(messages(Contents(), pth(line.replace("'google.cloud'", f"'{name}'")))) == 1
    assert len(messages(Contents(), pth(line.replace("modules['google']", f"modules['{name}']")))) == 1
    assert messages(Contents(), pth(line.replace("cloud", name))) == []


@pytest.mark.parametrize(
    "layout",
    [
        {"modules": {"sitecustomize.py": ""}},
        {"modules": {"usercustomize/__init__.py": ""}},
        {"modules": {"SiteCustomize.PY": ""}},
        {"modules": {"sitecustomize.cpython-313-x86_64-linux-gnu.so": ""}},
        {"data": ("lib/python3.13/os.py",)},
        {"data": ("pyvenv.cfg",)},
        {"modules": {"__pycache__/sitecustomize.cpython-313.pyc": ""}},
        {"modules": {"acme.start": ""}},
        {"data": ("sitecustomize.py",)},
        {"data": ("Lib/usercustomize.pyc",)},
        {"data": ("Lib/encodings/__init__.py",)},
        {"data": ("DLLs/_ssl.pyd",)},
        {"data": ("python311.zip",)},
        {"data": ("lib/python311.zip",)},
        {"data": ("lib64/python313t.zip/os.py",)},
        {"data": ("lib/libpython3.13.so.1.0",)},
        {"data": ("python._pth",)},
        {"scripts": {"python._pth": ""}},
        {"scripts": {"python3._pth": ""}},
        {"scripts": {"python3.11._pth": ""}},
        {"scripts": {"Acme._PTH": ""}},
        {"scripts": {"pyvenv.cfg": ""}},
        {"scripts": {"pybuilddir.txt": ""}},
        {"scripts": {"Modules/Setup.local": ""}},
        {"scripts": {"Lib/encodings/__init__.py": ""}},
        {"scripts": {"lib/python3.13/os.py": ""}},
        {"scripts": {"python313.dll": ""}},
    ],
)
def test_a_module_or_file_that_the_interpreter_reads_by_itself(layout):
    (message,) = messages(Contents(), holding(**layout))
    assert message.startswith("runs code whenever Python starts: ")


@pytest.mark.parametrize(
    ("line", "hook"),
    [
        ("acme/hidden", "acme/hidden/sitecustomize.py"),
        ("./acme//hidden/", "acme/hidden/usercustomize/__init__.py"),
        ("acme\\Hidden", "acme/hidden/SiteCustomize.so"),
        ("acme/x/../hidden", "acme/hidden/__pycache__/sitecustomize.cpython-313.pyc"),
    ],
)
@pytest.mark.parametrize("place", ["modules", "data"])
def test_a_hook_in_a_directory_that_a_path_file_adds(place, line, hook):
    files = {"modules": {hook: ""}} if place == "modules" else {"data": (hook,)}
    given = holding(**files, startup={"acme.pth": line})
    assert messages(Contents(), given) == [f"runs code whenever Python starts: {hook}"]


def test_a_hook_in_a_directory_that_a_path_file_of_another_wheel_adds():
    files = {"modules": {"other/sub/sitecustomize.py": "", "sub/sitecustomize.py": ""}}
    given = holding(**files, added=frozenset({"", "other/sub/", "../"}))
    assert messages(Contents(), given) == ["runs code whenever Python starts: other/sub/sitecustomize.py"]


def test_an_installer_in_a_directory_that_a_path_file_adds():
    given = holding(modules={"acme/hidden/pip/__init__.py": ""}, startup={"acme.pth": "acme/hidden"})
    assert messages(Contents(), given) == ["installs files of pip: acme/hidden/pip/__init__.py"]


@pytest.mark.parametrize(
    "line",
    [
        "/tmp/x",
        "../x",
        "src/../../x",
        "C:\\x",
        "C:x",
        "\\\\host\\x",
        "other",
        "src/x.py",
        " src",
        "src\x0cx",
        "sr\u0107",
    ],
)
def test_a_path_to_something_else_than_a_directory_of_the_same_wheel(line):
    """What is there is another's, or a file that Python looks into, as a zip."""
    (message,) = messages(Contents(), pth(line))
    assert message.startswith("runs code whenever Python starts: acme.pth: ")


def exempt(package, *lines):
    return StartupExemption(package=parse_selector(package), lines=lines or None)


def test_known_packages_may_have_a_hook_and_nothing_else():
    rule = Contents(exempt=(exempt("setuptools"),))
    assert messages(rule, pth("import os", "setuptools==80.0")) == []
    assert len(messages(rule, pth("import os", "setup-tools==80.0"))) == 1
    assert len(messages(rule, holding("setuptools==80.0", scripts={"python": "x:y"}))) == 1


ENVIRON = "import os; 'ACME' in os.environ and __import__('acme').start()"


@pytest.mark.parametrize(
    "text", [ENVIRON, ENVIRON + " \n", f"src\n{ENVIRON}\r\n# x\n{ENVIRON}", ENVIRON + "\nimport a"]
)
def test_a_package_may_have_the_lines_that_are_listed(text):
    rule = Contents(exempt=(exempt("acme", ENVIRON + "  "), exempt("acme>=1", "import a"), exempt("other")))
    given = holding(modules={"acme.pth": "", "src/x.py": "", "a.py": ""}, startup={"acme.pth": text})
    assert messages(rule, given) == []


@pytest.mark.parametrize(
    ("line", "release"),
    [
        ("import acme", "acme==1.0"),
        (ENVIRON.replace("ACME", "HOME"), "acme==1.0"),
        (ENVIRON + ";import evil", "acme==1.0"),
        (" " + ENVIRON, "acme==1.0"),
        (ENVIRON, "acme-2==1.0"),
        (ENVIRON, "acme==2.0"),
        ("/elsewhere", "acme==1.0"),
    ],
)
def test_and_no_other(line, release):
    """Whoever has the account of an exempt project writes another line, or leaves out its condition."""
    rule = Contents(exempt=(exempt("acme<2", ENVIRON),))
    assert messages(rule, pth(f"src\n{ENVIRON}\n{line}", release))[0].startswith("runs code whenever Python starts: ")


@pytest.mark.parametrize("layout", [{"modules": {"sitecustomize.py": ""}}, {"data": ("pyvenv.cfg",)}])
def test_who_may_have_a_line_may_have_no_hook_besides(layout):
    given = holding(**layout, startup={"acme.pth": ENVIRON})
    assert len(messages(Contents(exempt=(exempt("acme", ENVIRON),)), given)) == 1


@pytest.mark.parametrize(
    ("line", "member", "passes"),
    [
        ("import acme", "acme/__init__.py", True),
        ("import acme", "acme.py", True),
        ("import acme;", "acme.cpython-311-x86_64-linux-gnu.so", True),
        ("import acme.hook, acme", "acme/__init__.py", False),
        ("import Acme.Hook", "acme/hook.py", True),
        ("import acme", "lib/acme.py", True),
        ("import acme", "acme.txt", False),
        ("import acme", "acme/hook.py", False),
        ("import acme", "other/acme.py", False),
        ("import acme", "acme_2.py", False),
        ("import acme as a", "other.py", True),
    ],
)
def test_a_listed_line_that_imports_passes_while_the_wheel_has_the_module(line, member, passes):
    """Else another package could bring it. What does more than import is known by the line alone."""
    given = holding(modules={member: ""}, startup={"acme.pth": f"lib\n{line}" if "lib/" in member else line})
    assert (messages(Contents(exempt=(exempt("acme", line),)), given) == []) is passes


def test_a_line_that_each_locale_reads_in_another_way_is_none_that_is_listed():
    line = "import os; os.putenv('\u0107', '')"
    assert len(messages(Contents(exempt=(exempt("acme", line),)), pth(line))) == 1


@pytest.mark.parametrize("place", ["modules", "data"])
@pytest.mark.parametrize(
    "path",
    [
        "pip/__init__.py",
        "pip.py",
        "safeinstall/rules/malware.py",
        "PIP/_vendor/x.py",
        "pip",
        "pip.pyc",
        "pip.pyw",
        "pip.pyd",
        "pip.so",
        "pip.abi3.so",
        "pip.cpython-311-x86_64-linux-gnu.so",
        "safeinstall.cp313-win_amd64.pyd",
    ],
)
def test_the_installer_itself(path, place):
    files = {"modules": {path: path}} if place == "modules" else {"data": (path,)}
    (finding,) = Contents().check(holding(**files))
    assert finding.key == "rules.contents.installer"
    assert finding.message.endswith(path)


@pytest.mark.parametrize("path", ["pip_audit.so", "pip.txt", "pipx/__init__.py", "share/pip/x.py"])
def test_what_is_not_imported_as_an_installer(path):
    assert messages(Contents(), holding(modules={path: path}, data=(path,))) == []


@pytest.mark.parametrize("script", ["python", "python3.13", "Python.exe", "pip", "pip3", "safe-pip", "sudo", "git"])
def test_a_command_that_is_called_like_a_trusted_one(script):
    assert messages(Contents(), holding(scripts={script: "acme:main"})) == [
        f"installs commands that are called like trusted ones: {script}"
    ]


@pytest.mark.parametrize(
    ("release", "layout"),
    [
        ("pip==26.3", {"modules": {"pip/__init__.py": ""}, "scripts": {"pip": "", "pip3": "", "pip3.13": ""}}),
        ("safeinstall==1.0", {"modules": {"safeinstall/app/cli.py": ""}, "scripts": {"safe-pip": ""}}),
        ("pip==26.3", {"modules": {"pip.pyc": ""}, "scripts": {"pip3.exe": ""}}),
        ("uv==0.9", {"scripts": {"uv": "", "uvx": "", "uv.exe": "", "uvx.exe": ""}}),
        ("pipx==1.0", {"scripts": {"pipx": ""}}),
    ],
)
def test_who_it_belongs_to_may_install_it(release, layout):
    assert messages(Contents(), holding(release, **layout)) == []


@pytest.mark.parametrize(
    ("project", "command"),
    [
        ("python", "python"),
        ("python", "python3.11"),
        ("python3", "python3"),
        ("pypy3", "pypy3"),
        ("pip3", "pip3"),
        ("safe-pip", "safe-pip"),
        ("uvx", "uvx"),
        ("activate", "activate"),
        ("git", "git"),
        ("sudo", "sudo"),
        ("pip", "python"),
    ],
)
def test_nobody_owns_a_trusted_command_by_being_called_like_it(project, command):
    assert messages(Contents(), holding(f"{project}==1.0", scripts={command: "x:main"})) == [
        f"installs commands that are called like trusted ones: {command}"
    ]


def test_files_of_another_package():
    overlaps = {"opencv-python": ("cv2/__init__.py", "cv2/a.so", "cv2/b.py", "cv2/c.py"), "black": ("bin/black",)}
    assert messages(Contents(), holding(overlaps=overlaps)) == [
        "installs files that black installs too, but others: bin/black",
        "installs files that opencv-python installs too, but others: cv2/__init__.py, cv2/a.so, cv2/b.py and 1 more",
    ]


def test_whose_name_it_bears_is_not_to_blame():
    assert messages(Contents(), holding("black==1", overlaps={"acme": ("bin/black", "black/x.py", "black.py")})) == []


@pytest.mark.parametrize("script", ["re.py", "json.pyc", "safeinstall.py", "json/__init__.py", "_ssl.abi3.so"])
def test_a_command_that_is_imported_first(script):
    """Python looks beside a command for the modules that it imports, before it looks into its library."""
    shown = f"commands import it in place of another module: {script}"
    assert messages(Contents(), holding(scripts={script: ""})) == [shown]


@pytest.mark.parametrize("script", ["jp.py", "rst2html.py", "json", "re", "acme/json.py", "acme.so"])
def test_a_command_that_nothing_imports(script):
    assert messages(Contents(), holding(scripts={script: ""})) == []


@pytest.mark.parametrize("path", ["bin/pip", "Bin/sudo", "bin/re.py", "bin/json/__init__.py"])
def test_what_becomes_a_command_with_target(path):
    """The commands of ``--target`` lie in the ``bin`` of the directory that is the library."""
    (finding,) = Contents().check(holding(modules={path: path}))
    assert finding.key == "rules.contents.scripts"


@pytest.mark.parametrize("path", ["bin/__init__.py", "bin/acme", "acme/bin/pip"])
def test_what_is_called_like_nothing_that_is_trusted_may_lie_there(path):
    assert messages(Contents(), holding(modules={path: path})) == []


@pytest.mark.parametrize("path", ["pip.conf", "pip.ini", "PIP.INI", "safe-pip.toml"])
def test_the_configuration_of_an_installer(path):
    assert messages(Contents(), holding(data=(path, "share/pip.conf"))) == [f"configures an installer: {path}"]


@pytest.mark.parametrize(
    "layout",
    [
        {"scripts": {"PIP": ""}},
        {"scripts": {"\u017fudo": ""}},
        {"scripts": {"\ufb01sh": "acme:main"}},
        {"scripts": {"doc\u212aer": "acme:main"}},
        {"scripts": {"j\u017fon.py": ""}},
        {"modules": {"\u017fafeinstall/cli.py": ""}},
        {"modules": {"\u017fiteCustomize.py": ""}},
        {"data": ("\u017fafe-pip.toml",)},
        {"data": ("Lib/Python3.13/o\u017f.py",)},
    ],
)
def test_a_protected_name_in_another_case_or_form_of_unicode(layout):
    assert len(messages(Contents(), holding(**layout))) == 1


def test_each_option_is_a_level_of_its_own():
    given = holding(
        modules={"pip/x.py": "", "sitecustomize.py": ""}, scripts={"pip": ""}, overlaps={"other": ("tests/x.py",)}
    )
    levels = {f.key: f.level for f in Contents(startup=Level.WARN, scripts=Level.ALLOW).check(given)}
    assert levels == {
        "rules.contents.startup": Level.WARN,
        "rules.contents.installer": Level.DENY,
        "rules.contents.overlap": Level.DENY,
    }


NOTHING_ELSE = {"installer": Level.ALLOW, "scripts": Level.ALLOW, "overlap": Level.ALLOW}


@pytest.mark.parametrize(
    ("rule", "asks"),
    [
        (Contents(startup=Level.ALLOW, **NOTHING_ELSE), False),
        (Contents(exempt=(exempt("acme"),), **NOTHING_ELSE), False),
        (Contents(exempt=(exempt("acme", "import a"),), **NOTHING_ELSE), True),
        (Contents(**NOTHING_ELSE), True),
        (Contents(startup=Level.ALLOW, **{**NOTHING_ELSE, "overlap": Level.WARN}), True),
    ],
)
def test_what_is_allowed_whatever_it_is_need_not_be_known(rule, asks):
    found = list(rule.check(evidence(contents=Missing("what it installs is known only after its build"))))
    assert [finding.missing for finding in found] == [True] * asks


def test_what_has_to_be_built_first_is_a_missing_fact():
    (finding,) = Contents().check(evidence(contents=Missing("what it installs is known only after its build")))
    assert finding.missing


def test_a_path_of_ones_own_is_not_looked_into():
    assert messages(Contents(), direct(url="file:///home/me/acme.whl", contents=Missing("not fetched"))) == []


def test_a_name_cannot_steer_the_terminal():
    (message,) = messages(Contents(), holding(modules={"sitecustomize.\x1b[2J.py": ""}))
    assert message.isprintable()
