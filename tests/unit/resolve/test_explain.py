from __future__ import annotations

from safeinstall.resolve.explain import ADVICE, IMPOSSIBLE, UNAVAILABLE, in_short

HEAD = "Cannot install a==1 and b==1 because these package versions have conflicting dependencies."
CAUSES = "\nThe conflict is caused by:\n    a 1 depends on c<1\n    b 1 depends on c>1"


def test_a_refusal_tells_the_conflict_without_pips_advice():
    body = f"{CAUSES}\n\n{ADVICE.format('to ')}"
    assert in_short([("critical", HEAD), ("info", body), ("critical", IMPOSSIBLE)]) == f"{HEAD}\n{CAUSES}"


def test_what_newer_pips_say_of_every_project_is_no_part_of_it():
    body = f"{CAUSES}\n\n{UNAVAILABLE}\n    c\n\n{ADVICE.format('')}"
    assert in_short([("critical", HEAD), ("info", body), ("critical", IMPOSSIBLE)]) == f"{HEAD}\n{CAUSES}"


def test_an_error_of_one_requirement_is_told_whole():
    assert (
        in_short([("critical", "Could not find a"), ("critical", "No matching a")]) == "Could not find a\nNo matching a"
    )
