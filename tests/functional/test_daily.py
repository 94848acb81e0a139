"""``docs/daily.md`` shows what happens: its commands are run, and what they print is compared with the page."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from lib.pages import WRITE, check, run

PAGE = Path(__file__).parents[2] / "docs" / "daily.md"
POLICY = """\
schema = 1

[rules.minimum-age]     # releases of stolen accounts are mostly found within days
minimum = "7d"

[rules.yanked]          # what its publisher took back

[rules.sdists]          # nothing that runs code while it is built
"""


@pytest.fixture
def shop(shell):
    """The index of the page: one library has a release of two days ago, one has nothing but that."""
    young = datetime.now(timezone.utc) - timedelta(days=2, hours=1)
    shell.policy("")
    shell.write("policy.toml", POLICY)
    shell.write("requirements.txt", "acme-web==1.4\nacme-orm==2.0        # the new query language\n")
    shell.offer("acme-web", "1.4", ["acme-orm>=1", "acme-templates"])
    shell.offer("acme-orm", "1.9")
    shell.offer("acme-orm", "2.0", upload_time=young)
    shell.offer("acme-templates", "3.1")
    shell.offer("acme-mail", "0.8", ["acme-templates>=3"])
    for path in shell.site.glob("*.dist-info"):  # what the environment was born with
        shell.offer(*path.name.removesuffix(".dist-info").split("-"))
    return shell


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="shows what the pip of Python 3.11 prints")
def test_the_page_shows_what_the_commands_print(shop):
    check(PAGE, shop)


def test_a_command_that_prints_something_else_is_noticed(shop, tmp_path, monkeypatch):
    monkeypatch.delenv(WRITE, raising=False)
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one; exit 3\none\n(exit 3)\n```\n")
    check(page, shop)
    page.write_text("```console\n$ echo one\ntwo\n```\n")
    with pytest.raises(AssertionError):
        check(page, shop)
    assert run("python -m pip --version", shop).endswith(f"(python {sys.version_info[0]}.{sys.version_info[1]})\n")
