"""What consumers of JUnit XML agree on. There is no public schema with an owner; this follows the one Jenkins uses."""

from __future__ import annotations

ATTRIBUTES = {
    "testsuites": ({"name"}, {"time", "tests", "failures", "errors", "disabled"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp", "hostname", "id", "package"},
    ),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name"}, {"classname", "time", "status", "assertions"}),
    "failure": (set(), {"message", "type"}),
    "error": (set(), {"message", "type"}),
    "system-out": (set(), set()),
}
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
}


def problems_of_junit(root):
    """Return what is wrong with the tree below *root*; nothing if it is valid."""
    return ([] if root.tag == "testsuites" else [f"root {root.tag}"]) + list(_problems(root))


def _problems(element):
    needed, allowed = ATTRIBUTES.get(element.tag, (set(), set()))
    given = set(element.attrib)
    if not needed <= given <= needed | allowed:
        yield f"{element.tag}: {sorted(given)}"
    for number, child in enumerate(element):
        if child.tag not in CHILDREN.get(element.tag, set()):
            yield f"{child.tag} in {element.tag}"
        if child.tag == "properties" and number:
            yield "properties must come first"
        yield from _problems(child)
