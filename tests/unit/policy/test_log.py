"""``[log]``: where receipts are forwarded."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lib.policies import layer, layered

from safeinstall.errors import PolicyError
from safeinstall.policy.render import render_policy
from safeinstall.policy.shown.lint import lint

HTTPS = 'forward-to = "https://log.acme.example/receipts"'


def problems(text):
    with pytest.raises(PolicyError) as error:
        layer("user", f"[log]\n{text}\n")
    return list(error.value.problems)


@pytest.mark.parametrize(
    "address",
    [
        "https://log.acme.example/x",
        "http://127.0.0.1:8080/x",
        "http://localhost/x",
        "syslog+unix:///dev/log",
        "syslog+udp://log.acme.example",
        "syslog+tcp://[::1]:601",
    ],
)
def test_where_receipts_can_go(address):
    assert layered(user=f'[log]\nforward-to = "{address}"\n').log.forward_to == address


FORMS = "expected https://…, syslog+unix:///dev/log, syslog+tcp://HOST or syslog+udp://HOST"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('forward-to = "log.acme.example"', f"log.forward-to: {FORMS}"),
        ('forward-to = "syslog+unix://dev/log"', f"log.forward-to: {FORMS}"),
        ('forward-to = "syslog+tcp://"', f"log.forward-to: {FORMS}"),
        (
            'forward-to = "http://log.acme.example/"',
            "log.forward-to: expected https://, since receipts say what is installed where",
        ),
        (
            'forward-to = "https://u:p@log.acme.example/"',
            "log.forward-to: holds credentials, and a policy is shared; keep them in a keyring or .netrc",
        ),
        (
            f'{HTTPS}\ncredentials = "s3cret"',
            "log.credentials: expected env:VARIABLE or keyring:SERVICE:USER; a policy is shared and holds no secret",
        ),
        (
            'forward-to = "syslog+tcp://log.acme.example"\ncredentials = "env:X"',
            "log.credentials: syslog takes none; they are for an https collector",
        ),
        (
            'forward-to = "syslog+udp://log.acme.example"\nrequired = true',
            "log.required: nothing tells what UDP has lost; forward to https or syslog+tcp",
        ),
        (
            'timeout = "5m"',
            "log.timeout: expected more than nothing, and a minute at most: every run may wait for so long",
        ),
        ('token = "x"', 'unknown key "token" in [log]; known: credentials, forward-to, required, timeout'),
    ],
)
def test_what_is_wrong_is_told_with_its_line(line, problem):
    assert [found.partition(": ")[2] for found in problems(line)] == [problem]


def test_only_the_strongest_layer_says_where():
    policy = layered(system=f"[log]\n{HTTPS}\n", project='[log]\nforward-to = "https://evil.example/"\n')
    assert policy.log.forward_to == "https://log.acme.example/receipts"
    assert policy.notes == ("project.toml:1: log: does not count: only system.toml says where receipts go",)
    assert layered(system="[rules.yanked]\n", project=f"[log]\n{HTTPS}\n").log.forward_to is None


def test_it_is_rendered_and_read_again():
    policy = layered(user=f'[log]\n{HTTPS}\ncredentials = "env:X"\ntimeout = "2s"\nrequired = true\n')
    assert policy.log.timeout == timedelta(seconds=2)
    assert layered(user=render_policy(policy)).log == policy.log


def test_what_is_required_from_nobody_is_pointed_out():
    (remark,) = [
        remark for remark in lint(layered(user="[log]\nrequired = true\n"), date(2026, 11, 22)) if "log" in remark.key
    ]
    assert remark.message == "there is no forward-to, so nothing is forwarded or required"
