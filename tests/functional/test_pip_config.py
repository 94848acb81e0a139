"""pip's configuration as ``advisories sync`` reads it, beside what a real pip makes of the same files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lib.dump import LocalDump, osv
from lib.gate import parametrize

from safeinstall.errors import SourceError
from safeinstall.request.invocation import parse_invocation
from safeinstall.sources.network.settings import http_settings
from safeinstall.sources.network.transport import HttpSettings
from safeinstall.sources.pip.configuration import pip_http_settings
from safeinstall.sources.pip.host import HostedPip

USER = ".config/pip/pip.conf"
LEGACY = ".pip/pip.conf"
XDG = "xdg/pip/pip.conf"
SITE = "env/pip.conf"


@pytest.fixture
def place(shell, monkeypatch):
    """Write files below the home and run with variables; nothing of this machine's own pip is left."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "XDG_")) or name.endswith("_BUNDLE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(shell.home))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(shell.home / "xdg"))
    monkeypatch.chdir(shell.work)

    def place(files: dict[str, str], variables: dict[str, str]) -> dict[str, str]:
        for name, text in files.items():
            file = shell.target / "pip.conf" if name == SITE else shell.home / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        kept = {name: value for name, value in shell.environ.items() if not name.startswith("PIP_")}
        home = {name: os.environ[name] for name in ("HOME", "XDG_CONFIG_DIRS")}
        return {**kept, **home, **{name: value.format(home=shell.home) for name, value in variables.items()}}

    return place


def of_pip(environ: dict[str, str]) -> HttpSettings:
    """Return how an installation would reach the network, as the target's own pip understands it."""
    with HostedPip.start(("install", "--dry-run", "--no-deps", "x"), environ, output=None) as pip:
        return http_settings(parse_invocation(pip.describe()))


@parametrize(
    ("files", "variables"),
    [
        ({}, {}),
        ({USER: "[global]\ncert = ~/ca.pem\nclient-cert=/srv/me.pem\nproxy = http://proxy.example:3128\n"}, {}),
        ({USER: "[global]\ntimeout = 3\nretries = 1\ntrusted_host =\n    a.example\n    b.example:8080\n"}, {}),
        ({USER: "[install]\nproxy = http://two.example\n[global]\nproxy = http://one.example\n"}, {}),
        ({USER: "[download]\nproxy = http://two.example\n"}, {}),
        ({LEGACY: "[global]\ncert = /legacy\n", XDG: "[global]\ncert = /xdg\nproxy = http://xdg.example\n"}, {}),
        ({USER: "[global]\ncert = /user\n", LEGACY: "[global]\ncert = /legacy\n", SITE: "[global]\ncert = /site\n"}, {}),
        ({XDG: "[install]\ncert = /xdg\n", SITE: "[global]\ncert = /site\n"}, {}),
        ({USER: "[global]\ncert = /user\n", SITE: "[global]\ncert =\n"}, {}),
        ({USER: "[global]\nCert = /user\n--proxy = http://a.example\n"}, {}),
        ({USER: "[global]\ncert = /user\n", "own.conf": "[global]\nproxy = http://own.example\n"}, {"PIP_CONFIG_FILE": "{home}/own.conf"}),
        ({USER: "[global]\ncert = /user\n"}, {"PIP_CONFIG_FILE": "{home}/absent.conf"}),
        ({USER: "[global]\ncert = /user\n"}, {"PIP_CONFIG_FILE": os.devnull}),
        ({USER: "[global]\ncert = /user\n"}, {"PIP_CERT": "/variable", "PIP_TRUSTED_HOST": "a b", "PIP_RETRIES": "0"}),
        ({USER: "[global]\ncert = /user\n"}, {"PIP_CERT": "", "REQUESTS_CA_BUNDLE": "/bundle"}),
        ({USER: "[global]\ndefault-timeout = 30\n"}, {"CURL_CA_BUNDLE": "/curl", "REQUESTS_CA_BUNDLE": "/bundle"}),
        ({}, {"CURL_CA_BUNDLE": "/curl", "REQUESTS_CA_BUNDLE": ""}),
    ], gate=range(0, 17, 3),
)  # fmt: skip
def test_it_is_read_as_the_targets_pip_reads_it(place, files, variables):
    environ = place(files, variables)

    assert pip_http_settings(environ) == of_pip(environ)


def test_a_sync_goes_the_way_that_pip_is_configured_to(shell):
    with LocalDump() as dump:
        dump.publish(osv("PYSEC-1"))
        shell.environ["SAFE_PIP_OSV_URL"] = "http://osv.invalid"
        folder = shell.home / ".config" / "pip"
        folder.mkdir(parents=True)
        (folder / "pip.conf").write_text(f"[global]\nproxy = {dump.root}\ntrusted-host = osv.invalid\n")
        dump.find = lambda name: LocalDump.find(dump, name.removeprefix("http://osv.invalid"))

        done = shell.run("advisories", "sync")

    assert (done.exit, done.out) == (0, "osv: read, 1 record\n"), done
    assert [request.path for request in dump.requests] == ["http://osv.invalid/all.zip"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"cert = /x\n", "File contains no section headers."),
        (b"[global]\ncert = /\xff\n", "codec can't decode byte 0xff"),
    ],
)
def test_a_file_that_pip_cannot_read_is_told(place, shell, text, reason):
    environ = place({}, {})
    file = Path(shell.target, "pip.conf")
    file.write_bytes(text)

    with pytest.raises(SourceError) as caught:
        pip_http_settings(environ)

    assert caught.value.message.startswith(f"pip's configuration {file} cannot be read: ")
    assert reason in caught.value.message
    assert caught.value.hint == "correct it: pip does not start with it either"


def test_a_value_that_is_no_number_is_told(place):
    with pytest.raises(SourceError) as caught:
        pip_http_settings(place({}, {"PIP_TIMEOUT": "soon"}))

    assert caught.value.message == "pip's option timeout is 'soon', which is no number"
