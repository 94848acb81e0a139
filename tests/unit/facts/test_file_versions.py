from __future__ import annotations

import pytest
from packaging.version import Version

from safeinstall.facts.file_versions import file_version


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("my_app-1.0-py3-none-any.whl", "1.0"),
        ("My.App-1.0-1-cp39-cp39-win32.whl", "1.0"),
        ("my_app-1.0+cu118-cp39-cp39-win32.whl", "1.0+cu118"),
        ("my-app-1.0.tar.gz", "1.0"),
        ("my_app-1.0rc1.zip", "1.0rc1"),
        ("my_app-1.0-1.tar.gz", "1.0.post1"),
        ("my_app-1.0-py2.7.tar.gz", "1.0"),
        ("my_app-1.0-py2.7.egg", "1.0"),
        ("my-app-1.0.win32-py2.7.exe", "1.0"),
        ("my-app-1.0.win-amd64.msi", "1.0"),
        ("my-app-1.0-1.noarch.rpm", "1.0"),
        ("my-app-1.0.linux-x86_64.tar.gz", "1.0"),
        ("my-app-0.14.win32.exe", "0.14"),
        ("my-app-1.0.cygwin-1.5.tar.gz", "1.0"),
        ("my-app-1.0.aix-7.2.tar.gz", "1.0"),
        ("my-app-1.0.rc1.cygwin-1.5.tar.gz", "1.0rc1"),
        ("my-app-1.0.exe", "1.0"),
        ("my-app-1.0abc.tar.gz", None),
        ("my-app-latest.tar.gz", None),
        ("my-app.tar.gz", None),
        ("my_app.whl", None),
        ("other-1.0.tar.gz", None),
        ("", None),
    ],
)
def test_every_kind_of_file_tells_its_version(filename, version):
    assert file_version(filename, "my-app") == (version and Version(version))


def test_what_its_address_says_counts_in_place_of_its_name():
    assert file_version("main.tar.gz", "my-app", "my_app-1.0") == Version("1.0")
