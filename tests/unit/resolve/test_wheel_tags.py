import pytest

from safeinstall.resolve.wheel_tags import WheelTags

TAGS = WheelTags(["cp311-cp311-linux_x86_64", "cp311-abi3-linux_x86_64", "py3-none-any"])


@pytest.mark.parametrize(
    ("triple", "place"),
    [
        ("cp311-cp311-linux_x86_64", 0),
        ("CP311-abi3-Linux_x86_64", 1),
        ("py2.py3-none-any", 2),
        ("cp310.cp311-abi3.cp311-win32.linux_x86_64", 0),
        ("cp312-cp312-linux_x86_64", None),
    ],
)
def test_the_best_tag_of_a_set_counts(triple, place):
    assert TAGS.place(triple) == place


@pytest.mark.parametrize(
    ("filename", "admitted"),
    [
        ("a-1.0-py3-none-any.whl", True),
        ("a-1.0-1-py3-none-any.whl", True),
        ("a-1.0-cp312-cp312-linux_x86_64.whl", False),
        ("none-any.whl", False),
        ("a-1.0.tar.gz", True),
        ("a-1.0-py2-none-any.WHL", True),
        ("", True),
    ],
)
def test_only_a_wheel_for_others_is_left_out(filename, admitted):
    assert TAGS.admit(filename) is admitted


def test_targets_are_told_apart():
    assert WheelTags(["py3-none-any"]).digest != TAGS.digest
