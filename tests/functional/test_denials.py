"""What a person reads when a package is refused: the whole message, and nothing touched."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest
from lib.gate import parametrize
from lib.shell import told
from lib.wheels import make_wheel

DAY = timedelta(days=1)


def record(id_, name, *, fixed=None, severity="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", summary="a hole"):
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    return json.dumps(
        {
            "schema_version": "1.6.0",
            "id": id_,
            "modified": datetime.now(timezone.utc).isoformat(),
            "summary": summary,
            "severity": [{"type": "CVSS_V3", "score": severity}] if severity else [],
            "affected": [
                {"package": {"ecosystem": "PyPI", "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
            ],
        }
    )


def test_names_are_as_they_are_written(shell):
    """As the metadata has them, else as they were asked for."""
    shell.policy('[rules.denylist]\npackages = [{ package = "zope-interface", reason = "old" }]\n')
    shell.offer("Foo.Bar", "1.0", ["Zope_Interface>=5"])
    shell.offer("zope.interface", "5.0")
    assert shell.refuses("install", "foo_BAR") == told("""
        safe-pip: refused Zope_Interface 5.0 (zope_interface-5.0-py3-none-any.whl) from INDEX/simple/
          denylist          Zope_Interface 5.0 is on the denylist as zope-interface: old
                            policy: policy.toml:3 (rules.denylist.packages[0])
          required by       Foo.Bar → Zope_Interface>=5
          newest allowed    no file of Zope_Interface passes this policy
          way out           do without zope-interface, or ask whoever keeps the policy for an exception
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_name_that_is_not_on_the_list(shell):
    shell.policy('contact = "https://sec.example/waivers"\n\n[rules.allowlist]\npackages = ["app", "acme-*"]\n')
    shell.offer("app", "1.0", ["dep>=1"])
    shell.offer("dep", "1.0")
    assert shell.refuses("install", "app") == told("""
        safe-pip: refused dep 1.0 (dep-1.0-py3-none-any.whl) from INDEX/simple/
          allowlist         dep is not on the allowlist (2 entries)
                            policy: policy.toml:5 (rules.allowlist.packages)
          required by       app → dep>=1
          newest allowed    no file of dep passes this policy
          way out           if it may be installed, add "dep==1.0" to packages in [rules.allowlist]
        safe-pip: questions and waivers: https://sec.example/waivers
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_name_that_is_on_the_other_list(shell):
    shell.policy(
        '[rules.denylist]\npackages = [{ package = "pycrypto", reason = "unmaintained", use-instead = "pycryptodome" }]\n'
    )
    shell.offer("pycrypto", "2.6.1")
    assert shell.refuses("install", "pycrypto") == told("""
        safe-pip: refused pycrypto 2.6.1 (pycrypto-2.6.1-py3-none-any.whl) from INDEX/simple/
          denylist          pycrypto 2.6.1 is on the denylist as pycrypto: unmaintained
                            policy: policy.toml:3 (rules.denylist.packages[0])
          required by       pycrypto (you)
          newest allowed    no file of pycrypto passes this policy
          way out           use pycryptodome instead
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_warning_where_the_policy_fails_on_warnings(shell):
    shell.policy('fail-on = "warn"\n[rules.project-status]\n')
    shell.offer("app", "1.0")
    shell.index.status["app"] = "archived"
    assert shell.refuses("install", "app") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          project-status    INDEX/simple/ says app is archived: no more releases will come
                            policy: policy.toml:3 (rules.project-status.archived)
                            a warning, and policy.toml:2 says fail-on = "warn"
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           look for a successor of app, or add "app" to exempt in [rules.project-status]
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    done = shell.install("app", "--policy-report", "github")
    assert 'policy: policy.toml:3 (rules.project-status.archived); a warning, which fail-on = "warn" denies' in done.err
    shell.policy("[rules.project-status]\n")
    assert shell.install("app").exit == 0
    assert shell.installed() == {"app": "1.0"}


def test_an_age(shell):
    shell.policy('[rules.minimum-age]\nminimum = "7d"\n')
    now = datetime.now(timezone.utc).replace(second=0, microsecond=0)
    shell.offer("app", "1.0", upload_time=now - 90 * DAY)
    shell.offer("app", "2.0", upload_time=now - 2 * DAY)
    ready = f"{now + 5 * DAY:%Y-%m-%d %H:%M} UTC"
    assert shell.refuses("install", "app>=2").replace(ready, "READY") == told("""
        safe-pip: refused app 2.0 (app-2.0-py3-none-any.whl) from INDEX/simple/
          minimum-age       uploaded 2 days ago; the policy asks for 7 days
                            policy: policy.toml:3 (rules.minimum-age.minimum)
          required by       app>=2 (you)
          newest allowed    app 1.0 (app-1.0-py3-none-any.whl)
          way out           wait until READY, or ask for an older version
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_hash(shell):
    pinned = "ab" * 32
    shell.policy(f'[rules.hashes]\nrequire = "pinned"\npins = {{ "app==1.0" = ["sha256:{pinned}"] }}\n')
    offered = shell.offer("app", "1.0").hashes["sha256"]
    assert shell.refuses("install", "app").replace(pinned, "PINNED").replace(offered, "OFFERED") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          hashes            sha256:OFFERED is none of the 1 pinned for app==1.0 (sha256:PINNED)
                            policy: policy.toml:4 (rules.hashes.pins."app==1.0")
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           find out why the file differs before pinning this hash too
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_hash_that_nobody_gave(shell):
    shell.policy("[rules.hashes]\n")
    offered = shell.offer("app", "1.0").hashes["sha256"]
    assert shell.refuses("install", "app").replace(offered, "OFFERED") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          hashes            no sha256 is pinned for app==1.0; the policy asks for one
                            policy: policy.toml:2 (rules.hashes.require)
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           install from a lock or requirements with hashes, or add "app==1.0" = ["sha256:OFFERED"] to pins in [rules.hashes]
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_vulnerability(shell):
    shell.policy('[advisories]\nsources = ["advisories"]\n\n[rules.vulnerability]\ndeny-at = "high"\n')
    shell.write("advisories/PYSEC-2026-1.json", record("PYSEC-2026-1", "app", fixed="1.5"))
    shell.offer("app", "1.0")
    shell.offer("app", "1.5")
    assert shell.refuses("install", "app<1.5") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          vulnerability     PYSEC-2026-1, severity critical (9.8), denied from high: a hole
                            policy: policy.toml:6 (rules.vulnerability.deny-at)
          required by       app<1.5 (you)
          newest allowed    app 1.5 (app-1.5-py3-none-any.whl)
          way out           take 1.5 or later, or write an exception for PYSEC-2026-1
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_malware(shell):
    shell.policy('[advisories]\nsources = ["advisories"]\n\n[rules.malware]\n')
    shell.write("advisories/MAL-2026-1.json", record("MAL-2026-1", "reqeusts", summary="Malicious code", severity=None))
    shell.offer("reqeusts", "1.0")
    assert shell.refuses("install", "reqeusts") == told("""
        safe-pip: refused reqeusts 1.0 (reqeusts-1.0-py3-none-any.whl) from INDEX/simple/
          malware           known to be malicious: MAL-2026-1: Malicious code
                            policy: policy.toml:5 (rules.malware)
          required by       reqeusts (you)
          newest allowed    no file of reqeusts passes this policy
          way out           check the spelling of the name; take another version or another package
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_yanked_file(shell):
    shell.policy("[rules.yanked]\n")
    shell.offer("app", "1.0")
    shell.offer("app", "1.1", yanked="breaks Python 3.12\n\x1b[2Jsafe-pip: installed")
    assert shell.refuses("install", "app==1.1") == told("""
        safe-pip: refused app 1.1 (app-1.1-py3-none-any.whl) from INDEX/simple/
          yanked            yanked by its publisher ("breaks Python 3.12 [2Jsafe-pip: installed"); the policy asks for files that are not yanked
                            policy: policy.toml:2 (rules.yanked.level)
          required by       app==1.1 (you)
          newest allowed    app 1.0 (app-1.0-py3-none-any.whl)
          way out           ask for a version of app other than 1.1
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_source_distribution(shell):
    shell.policy("[rules.sdists]\n")
    shell.offer_sdist("app", "1.0")
    assert shell.refuses("install", "app") == told("""
        safe-pip: refused app 1.0 (app-1.0.tar.gz) from INDEX/simple/
          sdists            a source distribution, which runs code of app 1.0 when built; the policy asks for wheels
                            policy: policy.toml:2 (rules.sdists.allow)
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           ask for a version that has a wheel for this Python and platform, or, if it may be built, add "app==1.0" to allow in [rules.sdists]
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_direct_reference(shell):
    shell.policy("[rules.direct-references]\n")
    shell.offer("app", "1.0")
    url = shell.index.file_url("app-1.0-py3-none-any.whl")
    assert shell.refuses("install", f"app @ {url}") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/files/app-1.0-py3-none-any.whl
          direct-references comes from a URL (INDEX/files/app-1.0-py3-none-any.whl); the policy asks for an index
                            policy: policy.toml:2 (rules.direct-references.url)
          required by       app (you)
          way out           install app from an index, or download the file, look at it, and install the local file
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    assert shell.index.paths() == []


def test_a_direct_reference_of_a_dependency(shell):
    shell.policy('[rules.direct-references]\nurl = "allow"\n')
    shell.offer("evil", "1.0")
    shell.offer("app", "1.0", [f"evil @ {shell.index.file_url('evil-1.0-py3-none-any.whl')}"])
    assert shell.refuses("install", "app") == told("""
        safe-pip: refused evil 1.0 (evil-1.0-py3-none-any.whl) from INDEX/files/evil-1.0-py3-none-any.whl
          direct-references comes from a URL (INDEX/files/evil-1.0-py3-none-any.whl), named by app 1.0; the policy asks for an index
                            policy: policy.toml:2 (rules.direct-references.transitive)
          required by       app → evil
          way out           ask for a version of app 1.0 that names evil without an address
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    assert not [path for path in shell.index.paths() if "evil" in path]


def test_a_repository(shell):
    shell.policy("[rules.direct-references]\n")
    assert shell.refuses("install", f"app @ git+{shell.index.root}/app.git@v1") == told("""
        safe-pip: refused app (app.git@v1) from git+INDEX/app.git@v1
          direct-references comes from a version control repository (git+INDEX/app.git@v1); the policy asks for an index
                            policy: policy.toml:2 (rules.direct-references.vcs)
          required by       app (you)
          way out           install app from an index
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    assert shell.index.paths() == []


def test_a_dry_run_is_judged_alike(shell):
    shell.policy('[rules.allowlist]\npackages = ["other"]\n')
    shell.offer("app", "1.0")
    assert shell.refuses("install", "--dry-run", "app") == shell.refuses("install", "app")


@pytest.mark.parametrize("command", ["download", "wheel"])
def test_every_command_that_fetches_files_is_judged(shell, command):
    shell.policy('[rules.allowlist]\npackages = ["other"]\n')
    shell.offer("app", "1.0")
    assert shell.refuses(command, "app").splitlines()[-1] == (
        "safe-pip: denied by policy policy.toml; nothing was installed"
    )
    assert list(shell.work.glob("*.whl")) == []


def test_several_reasons_and_several_packages_are_told_at_once(shell):
    shell.policy(
        'select = "strict"\n[rules.yanked]\n[rules.denylist]\npackages = [{ package = "dep", reason = "ours" }]\n'
    )
    shell.offer("app", "1.0", ["dep"], yanked=True)
    shell.offer("dep", "1.0")
    shell.offer("tool", "1.0", ["dep"])
    assert shell.refuses("install", "app==1.0", "tool") == told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          yanked            yanked by its publisher (without a reason); the policy asks for files that are not yanked
                            policy: policy.toml:3 (rules.yanked.level)
          required by       app==1.0 (you)
          newest allowed    no file of app passes this policy
          way out           ask for a version of app other than 1.0
        safe-pip: refused dep 1.0 (dep-1.0-py3-none-any.whl) from INDEX/simple/
          denylist          dep 1.0 is on the denylist as dep: ours
                            policy: policy.toml:5 (rules.denylist.packages[0])
          required by       tool → dep
          newest allowed    no file of dep passes this policy
          way out           do without dep, or ask whoever keeps the policy for an exception
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_long_list_of_refused_versions_is_cut_short(shell):
    shell.policy('[rules.denylist]\npackages = [{ package = "app", reason = "ours" }]\n')
    for minor in range(9):
        shell.offer("app", f"1.{minor}")
    assert shell.refuses("install", "app") == told("""
        safe-pip: refused app 1.8 (app-1.8-py3-none-any.whl) from INDEX/simple/
          denylist          app 1.8 is on the denylist as app: ours
                            policy: policy.toml:3 (rules.denylist.packages[0])
          and 8 more files of app, by denylist
          required by       app (you)
          newest allowed    no file of app passes this policy
          way out           do without app, or ask whoever keeps the policy for an exception
        safe-pip: denied by policy policy.toml; nothing was installed
    """)


def test_a_refusal_is_on_record(shell):
    shell.policy('[rules.allowlist]\npackages = ["other"]\n')
    shell.offer("app", "1.0")
    shell.refuses("install", "app")
    (receipt,) = shell.receipts()
    assert (receipt["exit_code"], receipt["requested"], receipt["files"], receipt["plan"]) == (10, ["app"], [], None)
    assert [(d["name"], d["version"], [f["rule"] for f in d["findings"]]) for d in receipt["denied"]] == [
        ("app", "1.0", ["allowlist"])
    ]


def test_the_lock_of_a_deployment_takes_only_what_it_names(shell):
    shell.environ["SAFE_PIP_POLICY"] = "locked"
    shell.policy('extends = "locked"\n[evidence]\non-missing = "warn"\n')
    good = shell.offer("app", "1.0").hashes["sha256"]
    shell.offer("dep", "1.0")
    shell.write("lock.txt", f"app==1.0 --hash=sha256:{good}\n")
    done = shell.install("-r", "lock.txt")
    assert (done.exit, shell.installed()) == (0, {"app": "1.0"})
    other = hashlib.sha256(make_wheel("dep", "1.1")[1]).hexdigest()
    shell.write("lock.txt", f"dep==1.0 --hash=sha256:{other}\n")
    assert "  hashes            sha256:" in shell.refuses("install", "-r", "lock.txt")


@parametrize("way", ["an address", "a find-links page", "a folder of find-links alone"], gate=(0,))
def test_no_index_tells_the_age_of_what_comes_from_none(shell, way):
    """Though an index lists the same file: it is not where the file comes from. A warning there is what was asked for."""
    young = datetime.now(timezone.utc) - timedelta(hours=20)
    file = shell.offer("newer", "1.0", upload_time=young)
    shell.write(f"wheels/{file.filename}", file.data)
    argv = {
        "an address": [f"newer @ {shell.index.file_url(file.filename)}"],
        "a find-links page": ["newer", "--find-links", f"{shell.index.url}newer/", "--no-index"],
        "a folder of find-links alone": ["newer", "--find-links", "wheels", "--no-index"],
    }[way]
    shell.index.html = True
    for on_missing, code in (("deny", 11), ("warn", 0)):
        shell.policy(f'[evidence]\non-missing = "{on_missing}"\n[rules.minimum-age]\nminimum = "3d"\n')
        done = shell.install(*argv)
        assert done.exit == code, done
        assert "minimum-age" in done.err
        assert "the upload time is not known: " in done.err


# --- how much is told


SCORES = {9.8: "C:H/I:H/A:H", 7.5: "C:H/I:N/A:N", 5.3: "C:L/I:N/A:N"}


def holes(shell, name, *, severities=(9.8, 7.5, 7.5, None), fixed="1.{n}"):
    """Give *name* as many advisories; the n-th is repaired in 1.n."""
    for n, severity in enumerate(severities, 1):
        score = severity and f"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/{SCORES[severity]}"
        text = record(f"PYSEC-{name}-{n}", name, fixed=fixed.format(n=n), severity=score, summary=f"hole {n}")
        shell.write(f"advisories/PYSEC-{name}-{n}.json", text)


def vulnerable(shell, *names, select="compliant"):
    shell.policy(
        f'select = "{select}"\n[advisories]\nsources = ["advisories"]\n'
        '[rules.vulnerability]\ndeny-at = "high"\n[rules.sdists]\n'
    )
    for name in names:
        holes(shell, name)
        for version in ("1.0", "2.0"):
            shell.offer(name, version)
            shell.offer_sdist(name, version)


def test_many_advisories_are_a_block_that_fits_on_a_screen(shell):
    vulnerable(shell, "app")
    block = told("""
        safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/
          vulnerability     4 advisories: 1 critical, 2 high, 1 unscored; 1.4 repairs them all
                            the worst: PYSEC-app-1, critical (9.8), repaired in 1.1: hole 1
                            policy: policy.toml:6 (rules.vulnerability.deny-at), policy.toml:5 (rules.vulnerability.unscored)
          and 1 more file of app, by sdists, vulnerability
          required by       app==1.0 (you)
          newest allowed    app 2.0 (app-2.0-py3-none-any.whl)
          way out           take 1.4 or later, or write an exception for all 4
        safe-pip: -v tells every finding
        safe-pip: denied by policy policy.toml; nothing was installed
    """)
    assert shell.refuses("install", "app==1.0") == block
    whole = shell.run("install", "-v", "app==1.0").err.splitlines()
    assert sum(line.startswith("  vulnerability     PYSEC-app-") for line in whole) == 8
    assert [line for line in whole if line.startswith("safe-pip: refused")] == [
        "safe-pip: refused app 1.0 (app-1.0-py3-none-any.whl) from INDEX/simple/",
        "safe-pip: refused app 1.0 (app-1.0.tar.gz) from INDEX/simple/",
    ]
    assert not any("-v tells" in line for line in whole)


def test_ten_refused_projects_fit_on_a_screen_and_the_eleventh_is_a_line(shell):
    names = [f"app{n}" for n in range(12)]
    vulnerable(shell, *names, select="strict")
    asked = [f"{name}==1.0" for name in names]
    ten = shell.refuses("install", *asked[:10])
    assert len(ten.splitlines()) <= 60
    assert ten.startswith(
        told("""
        safe-pip: refused app0 1.0 (app0-1.0-py3-none-any.whl) from INDEX/simple/
          vulnerability     4 advisories: 1 critical, 2 high, 1 unscored; 1.4 repairs them all
                            the worst: PYSEC-app0-1, critical (9.8), repaired in 1.1: hole 1
                            policy: policy.toml:6 (rules.vulnerability.deny-at), policy.toml:5 (rules.vulnerability.unscored)
          required by       app0==1.0 (you)
          way out           take 1.4 or later, or write an exception for all 4; newest allowed: app0 2.0
        safe-pip: refused app1 1.0 (app1-1.0-py3-none-any.whl) from INDEX/simple/
          vulnerability     4 advisories: 1 critical, 2 high, 1 unscored; 1.4 repairs them all
                            the worst: PYSEC-app1-1, critical (9.8), repaired in 1.1: hole 1
          required by       app1==1.0 (you)
          way out           take 1.4 or later, or write an exception for all 4; newest allowed: app1 2.0
        """)
    )
    twelve = shell.refuses("install", *asked)
    assert twelve.splitlines()[-4:] == [
        "safe-pip: refused app10 1.0: vulnerability; take 1.4 or later, or write an exception for all 4; newest allowed: app10 2.0",
        "safe-pip: refused app11 1.0: vulnerability; take 1.4 or later, or write an exception for all 4; newest allowed: app11 2.0",
        "safe-pip: -v tells every finding",
        "safe-pip: denied by policy policy.toml; nothing was installed",
    ]


def test_a_file_that_is_refused_for_another_reason_is_told_in_the_same_block(shell):
    shell.policy('[rules.minimum-age]\nminimum = "7d"\n[rules.sdists]\n')
    for n in range(3):
        shell.offer("app", f"2.{n}", upload_time=datetime.now(timezone.utc) - timedelta(days=1, minutes=1))
        shell.offer_sdist("app", f"1.{n}")
    assert shell.refuses("install", "app").splitlines()[1:6] == [
        "  minimum-age       uploaded 1 day ago; the policy asks for 7 days",
        "                    policy: policy.toml:3 (rules.minimum-age.minimum)",
        "  also refused      app 1.2 (app-1.2.tar.gz): sdists: a source distribution, which runs code of app 1.2 when built; the policy asks for wheels",
        "  and 4 more files of app, by minimum-age, sdists",
        "  required by       app (you)",
    ]


def test_warnings_and_exceptions_of_many_advisories_are_a_line_each(shell):
    vulnerable(shell, "app", "lib")
    shell.policy(
        '[advisories]\nsources = ["advisories"]\n[rules.vulnerability]\ndeny-at = "critical"\nunscored = "warn"\n'
        '[[exceptions]]\npackage = "lib"\nrules = ["vulnerability"]\nreason = "offline"\nexpires = 2999-01-01\n'
    )
    holes(shell, "app", severities=(5.3, 7.5, 7.5, None))
    done = shell.install("app==1.0", "lib==1.0")
    assert done.exit == 0
    assert done.err == told("""
        safe-pip: warned: app 1.0: vulnerability: 4 advisories: 2 high, 1 medium, 1 unscored; 1.4 repairs them all; the worst: PYSEC-app-2, high (7.5), repaired in 1.2: hole 2
        safe-pip: allowed by an exception: lib 1.0: vulnerability: 4 advisories: 1 critical, 2 high, 1 unscored; 1.4 repairs them all; the worst: PYSEC-lib-1, critical (9.8), repaired in 1.1: hole 1 (offline)
        safe-pip: 4 findings were let pass by exceptions
    """)
    done = shell.run("why", "app")
    assert [line for line in done.out.splitlines() if line.startswith(" " * 20)] == [
        "                    the worst: PYSEC-app-2, high (7.5), repaired in 1.2: hole 2",
        "                    policy: policy.toml:5 (rules.vulnerability.deny-at), policy.toml:6 (rules.vulnerability.unscored)",
    ]


def test_readers_get_a_block_and_machines_every_finding(shell):
    vulnerable(shell, "app")
    forms = ("terminal", "markdown", "github", "json", "sarif", "cyclonedx", "junit")
    shell.environ["COLUMNS"] = "300"
    shell.refuses("install", "app==1.0", *(f"--policy-report={form}={form}.out" for form in forms))
    out = {form: (shell.work / f"{form}.out").read_text() for form in forms}
    for form in ("terminal", "markdown", "github"):
        assert out[form].count("4 advisories: 1 critical, 2 high, 1 unscored; 1.4 repairs them all") == 1, form
        assert out[form].count("PYSEC-app-") == 1, form
        assert out[form].count("and 1 more file of app, by sdists, vulnerability") == 1, form
    assert len(out["github"].splitlines()) == 1
    refused = [file for file in json.loads(out["json"])["files"] if file["state"] == "refused"]
    assert [len(file["findings"]) for file in refused] == [4, 5]
    assert refused[0]["findings"][0]["vulnerability"] == {
        "title": "hole 1", "severity": 9.8, "fixed": "1.1", "all_fixed": "1.4", "unclosed": None,
    }  # fmt: skip
    for form, times in (("sarif", 4), ("cyclonedx", 4), ("junit", 4)):
        assert all(f"PYSEC-app-{n}" in out[form] for n in range(1, times + 1)), form
