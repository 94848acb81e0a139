from __future__ import annotations

import pytest

from safeinstall.facts.wheels.path_files import added_directories, added_directory, is_code, path_file_lines


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_line_ends_where_any_python_ends_it(end):
    assert "import x" in path_file_lines(f"# first{end}import x")


def test_comments_and_empty_lines_are_none():
    assert path_file_lines("# x\n\n  \nsrc\n") == ["src"]


def test_a_byte_order_mark_is_read_as_old_and_new_pythons_do():
    assert path_file_lines("\ufeff# x\n\ufeff#d\n") == ["\ufeff# x", "\ufeff#d"]
    assert path_file_lines("\ufeffimport x\n") == ["\ufeffimport x", "import x"]


def test_a_comment_that_is_not_ascii_may_end_sooner():
    assert path_file_lines("# caf\xe9\n# plain\n") == ["# caf\xe9"]


def test_code():
    lines = ["import x", "import\tx", "import", " import x", "importlib"]
    assert [line for line in lines if is_code(line)] == ["import x", "import\tx"]


@pytest.mark.parametrize(
    ("line", "directory"),
    [
        (".", ""),
        ("./a/../", ""),
        ("a", "a/"),
        ("./A//b/ ", "a/b/"),
        ("a\\b", "a/b/"),
        ("a/../../b", "../b/"),
        ("/a", "/a/"),
    ],
)
def test_the_directory_that_a_path_adds(line, directory):
    assert added_directory(line) == directory


def test_what_all_of_a_wheel_add():
    assert added_directories({"a.pth": "import x\na\n", "b.pth": "#\nb/c\n"}) == {"a/", "b/c/"}
