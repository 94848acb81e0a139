"""A build backend (PEP 517, PEP 660) small enough to be a wheel of its own: builds what ``project.json`` says."""

from __future__ import annotations

import json

BACKEND = """
import base64, hashlib, json, os, pathlib, socket, urllib.request, zipfile

def _told():
    told = json.loads(pathlib.Path("project.json").read_text())
    log = told.get("log")
    if log:
        try:
            urllib.request.urlopen(told["url"], timeout=5).close()
            reached = "network"
        except OSError as error:
            reached = "no network"
        with open(log, "a") as file:
            file.write(reached + " " + " ".join(sorted(n for n in os.environ if n.startswith("PIP_"))) + chr(10))
    if told.get("fails"):
        raise SystemExit("the compiler is missing")
    return told

def get_requires_for_build_wheel(config_settings=None):
    return _told().get("dynamic", [])

get_requires_for_build_editable = get_requires_for_build_wheel

def _metadata(told):
    lines = ["Metadata-Version: 2.1", "Name: " + told["name"], "Version: " + told["version"]]
    return chr(10).join(lines + ["Requires-Dist: " + r for r in told.get("requires", [])]) + chr(10)

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    told = _told()
    info = pathlib.Path(folder, "%(name)s-%(version)s.dist-info" % told)
    info.mkdir()
    (info / "METADATA").write_text(_metadata(told))
    return info.name

prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel

def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()

def _wheel(folder, files):
    told = _told()
    info = "%(name)s-%(version)s.dist-info" % told
    tags = "Wheel-Version: 1.0\\nGenerator: tinybuild\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files = {**files(told), info + "/METADATA": _metadata(told), info + "/WHEEL": tags}
    if told.get("more"):
        files[info + "/METADATA"] += "Requires-Dist: " + told["more"] + chr(10)
    if told.get("entry_points"):
        files[info + "/entry_points.txt"] = told["entry_points"]
    rows = [told["record"]] if "record" in told else []
    rows += ["%s,sha256=%s,%d" % (name, _digest(text), len(text)) for name, text in files.items()]
    rows.append(info + "/RECORD,,")
    name = "%(name)s-%(version)s-py3-none-any.whl" % told
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
        archive.writestr(zipfile.ZipInfo(info + "/RECORD"), chr(10).join(rows) + chr(10))
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, lambda told: {told["name"] + ".py": "BUILT = True" + chr(10)})

def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, lambda told: {"__editable__." + told["name"] + ".pth": os.getcwd() + chr(10)})
"""

PYPROJECT = """
[build-system]
requires = ["tinybuild"]
build-backend = "tinybuild"
"""


def tree(name: str, version: str = "1.0", **told: object) -> dict[str, str]:
    """Return the files of a source tree that tinybuild builds; *told* are requires, dynamic, fails, log and url."""
    return {
        "pyproject.toml": PYPROJECT,
        "project.json": json.dumps({"name": name, "version": version, **told}),
        f"{name}.py": "BUILT = False\n",
    }
