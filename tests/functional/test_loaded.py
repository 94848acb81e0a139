"""Which modules a run loads: each of them is waited for, so that none comes without being looked at."""

from __future__ import annotations

import subprocess

import pytest
from lib.claims import by

BEFORE_PIP = [
    "safeinstall",
    "safeinstall.app",
    "safeinstall.errors",
    "safeinstall.request",
    "safeinstall.request.arguments",
    "safeinstall.app.cli",
    "safeinstall.sources",
    "safeinstall.sources.pip",
    "safeinstall.sources.pip.channel",
    "safeinstall.sources.pip.hosted",
    "safeinstall.sources.places",
    "safeinstall.sources.places.temporary",
    "safeinstall.sources.pip.host",
    "safeinstall.sources.pip.hosted.streams",
    "safeinstall.sources.pip.streams",
    "safeinstall.report",
    "safeinstall.report.forms",
    "safeinstall.report.secrets",
    "safeinstall.report.run",
    "safeinstall.app.recorder",
    "safeinstall.sources.places.directories",
]
"""Of ours, what is loaded before pip is started. It is all that the start of pip waits for."""
SPEAKS_HTTP = {"httpx", "httpcore", "http.client", "ssl", "urllib.request"}
FOREIGN = {"packaging", "platformdirs", "resolvelib"}
ATTESTS = ("safeinstall.sources.provenance", "safeinstall.judge.attestations", "sigstore", "pypi_attestations")
"""What is loaded where a rule looks at provenance; the last two where it has to be proved."""


@pytest.fixture(autouse=True)
def offered(shell):
    shell.policy("")  # no rule asks for advisories
    shell.index.max_age = 60
    shell.offer("app", "1.0", ["dep"])
    shell.offer("dep", "1.0")


def loaded(shell, *words):
    """Return what safe-pip imports, in the order of the ends; pip, which it starts, does not tell."""
    traced = (shell.program[0], "-X", "importtime", *shell.program[1:])
    done = subprocess.run(
        [*traced, *words], cwd=shell.work, env=shell.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")]


def ours(modules):
    return [module for module in modules if module.partition(".")[0] == "safeinstall"]


def foreign(modules):
    """Return what comes from other projects."""
    return {module.partition(".")[0] for module in modules} & {*FOREIGN, "httpx", "httpcore", "rich", "cvss", "pip"}


def test_pip_is_started_before_what_judges_is_loaded(shell):
    modules = ours(loaded(shell, "install", "-q", "app"))
    assert modules[: len(BEFORE_PIP)] == BEFORE_PIP
    assert modules[len(BEFORE_PIP)] == "safeinstall.app.preload"


def test_a_repeated_installation_loads_neither_what_speaks_http_nor_advisories(shell):
    assert shell.run("install", "-q", "app").exit == 0
    shell.pip("uninstall", "-y", "app", "dep")
    modules = loaded(shell, "install", "-q", "app")
    assert shell.installed() == {"app": "1.0", "dep": "1.0"}
    assert SPEAKS_HTTP & set(modules) == set()
    assert foreign(modules) == FOREIGN
    unused = ("safeinstall.sources.advisories", "sqlite3", *ATTESTS)
    assert [module for module in modules if module.startswith(unused)] == []


def test_nor_does_a_repeated_dry_run_which_starts_no_pip(shell):
    words = ("install", "-q", "--dry-run", "app")
    assert shell.run(*words).exit == 0
    modules = loaded(shell, *words)
    assert SPEAKS_HTTP & set(modules) == set()
    assert foreign(modules) == FOREIGN
    unused = ("safeinstall.sources.advisories", "safeinstall.guard", "safeinstall.app.foresight", "sqlite3")
    assert [module for module in modules if module.startswith(unused)] == []


def test_what_an_index_says_of_provenance_is_told_without_what_proves_it(shell):
    shell.policy('[rules.provenance]\nlevel = "allow"\nverify = false\n')
    shell.offer("app", "1.0", ["dep"], provenance=by())
    modules = loaded(shell, "install", "-q", "app")
    assert {module.partition(".")[0] for module in modules if module.startswith(ATTESTS)} == {"safeinstall"}


def test_without_a_guess_what_speaks_http_is_loaded_while_pip_starts(shell):
    modules = loaded(shell, "install", "-q", "app")
    assert {"httpx", "ssl"} <= set(modules)
