from __future__ import annotations

import pytest
from lib.facts import artifact, evidence, messages
from lib.pins import metadata_of

from safeinstall.errors import PolicyError
from safeinstall.facts.finding import Finding, Level
from safeinstall.facts.values import Missing
from safeinstall.policy.load import parse_policy
from safeinstall.rules.licenses import Licenses

PERMISSIVE = Licenses(allow=("MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause"))


def licensed(*lines):
    """Facts of a file whose metadata has these lines."""
    return evidence(metadata=metadata_of(artifact(), metadata_extra="".join(f"{line}\n" for line in lines)))


def expression(text):
    return licensed(f"License-Expression: {text}")


def test_a_licence_that_is_allowed_passes():
    assert messages(PERMISSIVE, expression("mit")) == []


def test_another_is_denied():
    assert list(PERMISSIVE.check(expression("MIT AND GPL-3.0-only"))) == [
        Finding(
            rule="licenses",
            level=Level.DENY,
            message='licensed under "MIT AND GPL-3.0-only"; the policy does not allow GPL-3.0-only',
            key="rules.licenses.allow",
            remedy="use another package, or, if the licence is acceptable, add it to allow in [rules.licenses]",
        )
    ]


def test_of_alternatives_all_that_are_missing_are_named():
    assert messages(Licenses(), expression("MIT OR Apache-2.0")) == [
        'licensed under "MIT OR Apache-2.0"; the policy does not allow MIT or Apache-2.0'
    ]


@pytest.mark.parametrize(
    ("lines", "passes"),
    [
        (["Classifier: License :: OSI Approved :: MIT License"], True),
        (["Classifier: License :: OSI Approved", "Classifier: License :: OSI Approved :: MIT License"], True),
        (["Classifier: License :: OSI Approved :: BSD License"], True),
        (["Classifier: License :: OSI Approved :: MIT License", "License: GPL-3.0-only"], True),
        (["License: Apache-2.0"], True),
        (["License: bsd-3-clause", "Classifier: License :: OSI Approved :: BSD License"], True),
        (["License-Expression: GPL-3.0-only", "License: MIT"], False),
        (["Classifier: License :: OSI Approved :: GNU General Public License (GPL)"], False),
        (
            [
                "Classifier: License :: OSI Approved :: MIT License",
                "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            ],
            False,
        ),
        (["Classifier: License :: OSI Approved :: GNU General Public License (GPL)", "License: MIT"], True),
    ],
)
def test_metadata_before_the_expression(lines, passes):
    found = list(PERMISSIVE.check(licensed(*lines)))
    assert not any(finding.missing for finding in found)
    assert (found == []) is passes


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], ""),
        (["License: "], ""),
        (["License: see LICENSE\n        for the text"], ' (it says "see LICENSE for the text")'),
        (["License-Expression: MIT AND", "License: MIT"], ' (it says "MIT AND")'),
        (["License-Expression: Beer-1.0"], ' (it says "Beer-1.0")'),
        (["Classifier: License :: Free For Home Use"], ""),
        (["Classifier: License :: Free For Home Use", "Classifier: License :: OSI Approved :: MIT License"], ""),
        (["Classifier: License :: OSI Approved"], ""),
    ],
)
def test_a_licence_that_nobody_can_tell_is_a_missing_fact(lines, said):
    (finding,) = PERMISSIVE.check(licensed(*lines))
    assert finding.missing
    assert finding.message == f"its metadata names no licence that SPDX knows{said}"


def test_without_metadata_it_is_missing_too():
    (finding,) = PERMISSIVE.check(evidence(metadata=Missing("not asked for yet")))
    assert finding.missing


def test_a_policy_spells_licences_as_it_likes_and_misspells_none():
    text = '[rules.licenses]\nallow = ["mit", "gpl-2.0+", "GPL-2.0 with classpath-exception-2.0", "LicenseRef-Acme"]'
    (rule,) = parse_policy(text, file="p.toml", read=None).rules
    assert rule.allow == (
        "MIT",
        "GPL-2.0-or-later",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-Acme",
    )
    with pytest.raises(PolicyError) as caught:
        parse_policy('[rules.licenses]\nallow = ["MTI", "MIT OR X"]', file="p.toml", read=None)
    assert caught.value.problems == tuple(
        f'p.toml:2: rules.licenses.allow[{item}]: "{text}" is not the SPDX identifier of one licence; write "MIT" or'
        ' "Apache-2.0"'
        for item, text in enumerate(["MTI", "MIT OR X"])
    )
