"""A policy that asks for proof without what proves it is wrong (exit code 12), and says what to install."""

from __future__ import annotations

import subprocess
import sys

from safeinstall.errors import PolicyError
from safeinstall.sources.provenance.extra import INSTALL, require_extra, versions

REQUIRE = """
import sys; sys.path[:0] = [{site!r}]
from safeinstall.errors import PolicyError
from safeinstall.sources.provenance.extra import require_extra
try:
    require_extra("policy.toml:7 (rules.provenance.require)")
except PolicyError as error:
    print(error.exit_code, error.message, error.hint, sep="\\n")
"""


def test_with_the_extra_nothing_is_wrong():
    require_extra("policy.toml:7")
    assert None not in versions().values()


def test_without_it_the_command_that_installs_it_is_told(plain_site):
    code = REQUIRE.format(site=str(plain_site))
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        str(PolicyError.exit_code),
        (
            "policy.toml:7 (rules.provenance.require): it asks for proof of provenance, "
            "which needs pypi-attestations and sigstore"
        ),
        f"install what proves it: {INSTALL}",
    ]
    assert f"{sys.executable} -m pip install 'safeinstall[provenance]'" == INSTALL


def test_one_of_the_two_is_not_enough(plain_site):
    import sigstore

    folder = next(iter(sigstore.__path__))
    (plain_site / "sigstore").symlink_to(folder)
    metadata = f"sigstore-{sigstore.__version__}.dist-info"
    (plain_site / metadata).symlink_to(f"{folder}/../{metadata}")
    done = subprocess.run(
        [sys.executable, "-S", "-c", REQUIRE.format(site=str(plain_site))], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1].endswith("which needs pypi-attestations")
