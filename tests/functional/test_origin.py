"""Rule ``origin``: wheels against their source distributions, with real pip and a real index."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

import pytest
from lib import sigstore
from lib.repositories import Repository
from lib.wheels import make_sdist, make_wheel

DENY = "[rules.origin]\n"
CODE = "def run():\n    return 1\n"
EVIL = "import acme.a\n"


@pytest.fixture(autouse=True)
def denied(shell):
    shell.policy(DENY)


def offer(shell, wheel, sdist, **listed):
    shell.index.add(*make_wheel("acme", "1.0", files=wheel))
    if sdist is not None:
        shell.index.add(*make_sdist("acme", "1.0", files=sdist), **listed)


def test_code_that_is_in_the_wheel_alone(shell):
    offer(shell, {"acme/a.py": CODE, "acme/_version.py": "import os; os.abort()"}, {"src/acme/a.py": CODE})
    assert (
        shell.refuses("install", "acme")
        == """\
safe-pip: refused acme 1.0 (acme-1.0-py3-none-any.whl) from INDEX/simple/
  origin            runs Python that is not in acme-1.0.tar.gz: acme/_version.py (called like a version file, but it does more than to assign constants)
                    policy: policy.toml:2 (rules.origin.level)
  required by       acme (you)
  newest allowed    acme 1.0 (acme-1.0.tar.gz)
  way out           look at what it is: safe-pip inspect acme==1.0; then take another version, or add "acme==1.0" to exempt in [rules.origin]
safe-pip: denied by policy policy.toml; nothing was installed
"""
    )


def test_nothing_of_it_is_built_or_offered_to_pip(shell):
    marker = shell.work / "ran"
    setup = f"open({str(marker)!r}, 'w')\n"
    offer(shell, {"acme/a.py": CODE}, {"acme/a.py": CODE, "setup.py": setup, "_backend.py": setup})
    assert shell.install("acme").exit == 0
    assert not marker.exists()


@pytest.mark.slow
def test_a_second_run_costs_nothing(shell):
    offer(shell, {"acme/a.py": CODE}, {"acme/a.py": CODE})
    for _ in range(2):
        assert shell.install("acme", "--target", "there", "--upgrade").exit == 0
    assert shell.index.paths().count(shell.index.file_path("acme-1.0.tar.gz")) == 1
    shell.index.forget()
    kept = next((shell.tmp / "cache" / "origins").rglob("*/*"), None) or pytest.fail("nothing is kept")
    for file in (kept.parents[2] / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    assert shell.install("acme", "--target", "there", "--upgrade").exit == 0
    assert shell.index.file_path("acme-1.0.tar.gz") not in shell.index.paths()


def test_strict_warns_and_is_silent_where_there_is_nothing_to_compare_with(shell):
    shell.policy('extends = "strict"\n[evidence]\non-missing = "allow"\n[rules.indexes]\nplain-http = "allow"\n')
    offer(shell, {"acme/evil.py": EVIL}, {"acme/a.py": CODE})
    shell.index.add(*make_wheel("lone", "1.0"))
    done = shell.install("acme", "lone")
    assert done.exit == 0, done.err
    assert "origin: runs Python that is not in acme-1.0.tar.gz: acme/evil.py" in done.err
    assert "lone" not in done.err


def test_baseline_asks_for_none_of_it(shell):
    shell.policy('extends = "baseline"\n')
    offer(shell, {"acme/evil.py": EVIL}, {"acme/a.py": CODE})
    assert shell.install("acme").exit == 0
    assert shell.index.file_path("acme-1.0.tar.gz") not in shell.index.paths()


def test_what_the_proved_commit_holds_is_in_the_source(shell):
    repository = Repository.make(shell.tmp / "mirror" / "acme" / "app", {"lib/acme/b.py": EVIL})
    root = shell.write("root.json", sigstore.trusted_root())
    digest = sha256(root.read_bytes()).hexdigest()
    attest = partial(sigstore.attest, publisher=sigstore.github("acme/app"), commit=repository.head)
    shell.index.add(*make_wheel("acme", "1.0", files={"acme/a.py": CODE, "acme/b.py": EVIL}), provenance=attest)
    shell.index.add(*make_sdist("acme", "1.0", files={"acme/a.py": CODE}))
    assert "acme-1.0.tar.gz: acme/b.py" in shell.refuses("install", "acme")  # nobody asks for proof
    proof = '[rules.provenance]\nlevel = "allow"\nregression = "allow"\n[provenance]\n'
    shell.policy(
        f'{DENY}{proof}root = "{root}"\nroot-sha256 = "sha256:{digest}"\n'
        f'mirrors = {{ "https://github.com" = "{shell.tmp}/mirror" }}\n'
    )
    done = shell.install("acme")
    assert done.exit == 0, done.err
