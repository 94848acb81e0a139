"""A clock that is wrong, ours or the index's: nobody here can tell which, so every time is a missing fact."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from lib.gate import parametrize
from lib.shell import told

NOW = datetime.now(timezone.utc)
YEARS = timedelta(days=1100)
STRICT = '[evidence]\non-missing = "deny"\n[rules.minimum-age]\nminimum = "7d"\n'
EXCEPTION = f"""
[rules.denylist]
packages = [{{ package = "app", reason = "no" }}]
[[exceptions]]
package = "app"
rules = ["denylist"]
reason = "for now"
expires = {NOW + timedelta(days=100):%Y-%m-%d}
"""


@parametrize("ahead", [YEARS, -YEARS], gate=(0,))
def test_no_age_is_known(shell, ahead):
    shell.policy(STRICT)
    shell.offer("app", "1.0")
    shell.index.ahead = ahead.total_seconds()
    shell.index.max_age = 600
    for _ in range(2):
        err = shell.refuses("install", "app", code=11)
        assert err.replace(f"{NOW:%Y-%m-%d}", "TODAY").replace(f"{NOW + ahead:%Y-%m-%d}", "THERE") == told("""
            safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
              minimum-age       the upload time is not known: the clock of this machine says TODAY, that of INDEX/simple/ THERE
                                policy: policy.toml:3 (evidence.on-missing)
              required by       app (you)
              newest allowed    no file of app passes this policy
              way out           set the clock of this machine, or tell whoever runs the index that theirs is wrong
            safe-pip: denied by policy policy.toml; nothing was installed
        """)
    shell.index.ahead = 0
    assert shell.install("app").exit == 0


def test_an_exception_expires_by_the_later_clock(shell):
    """To set the clock back brings none to life."""
    shell.policy(EXCEPTION)
    shell.offer("app", "1.0")
    shell.index.ahead = YEARS.total_seconds()
    assert "denylist" in shell.refuses("install", "app")
    shell.index.ahead = -YEARS.total_seconds()
    assert shell.install("app").exit == 0


def test_a_policy_that_asks_for_no_time_does_not_care(shell):
    shell.policy("")
    shell.offer("app", "1.0")
    shell.index.ahead = YEARS.total_seconds()
    done = shell.install("app")
    assert (done.exit, done.err) == (0, "")
