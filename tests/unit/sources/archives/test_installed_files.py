from __future__ import annotations

import pytest

from safeinstall.sources.archives.installed_files import recorded_files


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"RECORD": "lib/a.py,sha256=x,1\n\nlib/b.py,,\n"}, ["lib/a.py", "lib/b.py"]),
        ({"installed-files.txt": "../lib/a.py\n\nPKG-INFO\n../../../bin/run\n"},
         ["lib/a.py", "lib.egg-info/PKG-INFO", "../../bin/run"]),
        ({"RECORD": "lib/a.py,,\n", "installed-files.txt": "../lib/b.py\n"}, ["lib/a.py"]),
        ({}, []),
        ({"installed-files.txt": b"\xff"}, []),
    ],
)  # fmt: skip
def test_new_and_old_lists(tmp_path, files, found):
    info = tmp_path / "lib.egg-info"
    info.mkdir()
    for name, text in files.items():
        (info / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert list(recorded_files(info)) == found
