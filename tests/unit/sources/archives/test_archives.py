from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest
from lib.wheels import EPOCH, core_metadata, make_sdist, make_wheel, record, tar_archive, zip_archive

from safeinstall.errors import EXIT_DENIED, IntegrityError
from safeinstall.sources.archives.archives import Contents, check_sdist, check_wheel
from safeinstall.sources.archives.members import Limits

NAME = "demo-1.0-py3-none-any.whl"
SDIST = "demo-1.0.tar.gz"
INFO = "demo-1.0.dist-info"
WHEEL = b"Wheel-Version: 1.0\nTag: py3-none-any\n"


@pytest.fixture
def refused(tmp_path):
    """Check an archive, which must be refused, and return the message."""

    def check(data: bytes, name: str = NAME, **options) -> str:
        path = tmp_path / "file"
        path.write_bytes(data)
        with pytest.raises(IntegrityError) as caught:
            (check_wheel if name.endswith(".whl") else check_sdist)(path, name, **options)
        assert caught.value.exit_code == EXIT_DENIED
        assert caught.value.hint == "do not install this file; report it to whoever publishes it"
        return str(caught.value)

    return check


@pytest.fixture
def accepted(tmp_path):
    def check(data: bytes, name: str = NAME, **options) -> Contents:
        path = tmp_path / "file"
        path.write_bytes(data)
        return (check_wheel if name.endswith(".whl") else check_sdist)(path, name, **options)

    return check


def members(extra: dict[str, bytes] | None = None, *, info: str = INFO) -> dict[str, bytes]:
    """A valid wheel's members, RECORD included."""
    content = {
        "demo.py": b"",
        f"{info}/METADATA": core_metadata("demo", "1.0").encode(),
        f"{info}/WHEEL": WHEEL,
        **(extra or {}),
    }
    return {**content, f"{info}/RECORD": record(content, f"{info}/RECORD")}


def wheel_with(name: str, data: bytes = b"x") -> bytes:
    return zip_archive(members({name: data}).items())


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.external_attr = mode << 16
    return info


def patched(data: bytes, signature: bytes, name: str, offset: int, replacement: bytes) -> bytes:
    """Overwrite a field of the header of member *name* that begins with *signature*."""
    name_at = {b"PK\x03\x04": 30, b"PK\x01\x02": 46}[signature]
    at = -1
    while (at := data.index(signature, at + 1)) >= 0:
        if data[at + name_at :].startswith(name.encode()):
            return data[: at + offset] + replacement + data[at + offset + len(replacement) :]
    raise AssertionError(name)


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def with_other_crc(data: bytes, name: str) -> bytes:
    return patched(patched(data, CENTRAL, name, 16, b"evil"), LOCAL, name, 14, b"evil")


def test_an_ordinary_wheel(accepted):
    contents = accepted(make_wheel("demo", "1.0", ["six"])[1])
    assert contents.metadata == core_metadata("demo", "1.0", ["six"]).encode()
    assert contents.files == ("demo/__init__.py", f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/RECORD")
    assert contents.pyproject is None


@pytest.mark.parametrize(
    ("filename", "info"),
    [
        ("Demo_Pkg-1.0-py3-none-any.whl", "Demo.Pkg-1.0.dist-info"),
        ("demo_pkg-1.0-py3-none-any.whl", "demo-pkg-1.0.dist-info"),
        ("demo-1.0.0-py3-none-any.whl", "demo-1.0.dist-info"),
        ("demo-1.0+cu.11-py3-none-any.whl", "demo-1.0+cu_11.dist-info"),
        ("demo-1.0-7-py3-none-any.whl", "demo-1.0.dist-info"),
    ],
)
def test_names_are_compared_as_the_standard_normalises_them(accepted, filename, info):
    assert accepted(zip_archive(members(info=info).items()), filename).metadata


def test_quirks_of_real_wheels_pass(accepted):
    content = members({"demo/data.txt": b"x"})
    rows = content[f"{INFO}/RECORD"].decode().replace("demo.py", '"demo.py"', 1).replace(",1\n", ",\n").splitlines()
    content[f"{INFO}/RECORD"] = "\r\n".join([*rows, f"{INFO}/RECORD.jws,,", ""]).encode()
    entries = [*content.items(), (f"{INFO}/RECORD.jws", b"{}"), (special("demo/", 0o40755), b""), ("empty/", b"")]
    assert accepted(zip_archive(entries)).files == (*content, f"{INFO}/RECORD.jws")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "holds '/etc/passwd', an absolute path"),
        ("C:/x", "holds 'C:/x', an absolute path"),
        ("../x", "holds '../x', a path that climbs out of its directory"),
        ("a/../../x", "holds 'a/../../x', a path that climbs out of its directory"),
        ("..", "holds '..', a path that climbs out of its directory"),
        ("a\\b", "holds 'a\\b', a path with backslashes"),
        ("a\x1b[31mb", "holds 'a\\x1b[31mb', a name with control characters"),
        ("a\nb", "holds 'a\\nb', a name with control characters"),
        ("a\u202egpj.py", "holds 'a\\u202egpj.py', a name with control characters"),
        ("./demo.py", "holds './demo.py' more than once"),
        ("demo//../demo.py", "holds 'demo//../demo.py', a path that climbs out of its directory"),
    ],
)
def test_names_that_leave_the_tree_or_hide(refused, name, reason):
    assert refused(wheel_with(name)) == f"{NAME} {reason}"


def test_a_name_that_ends_at_a_nul(refused):
    data = wheel_with("evil.py_ignored").replace(b"evil.py_ignored", b"evil.py\0ignored")
    assert refused(data) == f"{NAME} holds 'evil.py\\x00ignored', a name with control characters"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice(refused):
    assert refused(zip_archive([*members().items(), ("demo.py", b"evil")])) == f"{NAME} holds 'demo.py' more than once"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [(0o120777, "a link"), (0o020666, "a device"), (0o060666, "a device"), (0o010666, "a device")],
)
def test_special_members(refused, mode, reason):
    data = zip_archive([*members().items(), (special("special", mode), b"/etc/passwd")])
    assert refused(data) == f"{NAME} holds 'special', {reason}"


def test_an_encrypted_member(refused):
    data = patched(wheel_with("x.py"), CENTRAL, "x.py", 8, b"\x01\x00")
    assert refused(data) == f"{NAME} holds 'x.py', which is encrypted"


def test_a_local_header_with_another_name(refused):
    data = patched(wheel_with("x.py"), LOCAL, "x.py", 30, b"y")
    assert refused(data) == f"{NAME} calls one member both 'x.py' and 'y.py'"


@pytest.mark.parametrize(
    ("offset", "value"),
    [(8, b"\x00\x00"), (18, struct.pack("<L", 9)), (22, struct.pack("<L", 9))],
    ids=["method", "packed", "unpacked"],
)
def test_a_local_header_with_other_sizes(refused, offset, value):
    data = patched(wheel_with("x.py"), LOCAL, "x.py", offset, value)
    assert refused(data) == f"{NAME} says two things about the size or packing of 'x.py'"


def test_sizes_behind_a_streamed_member_are_the_directorys(accepted):
    data = wheel_with("x.py")
    for signature, offset in ((LOCAL, 6), (CENTRAL, 8)):
        data = patched(data, signature, "x.py", offset, b"\x08\x00")
    assert "x.py" in accepted(patched(data, LOCAL, "x.py", 14, bytes(12))).files


def test_no_header_where_the_directory_says(refused):
    data = patched(wheel_with("x.py"), LOCAL, "x.py", 0, b"no")
    assert refused(data) == f"{NAME} has no member where its directory says 'x.py' is"


def test_overlapping_members(refused):
    data = zip_archive([*members({"x.py": b"x"}).items()])
    first = struct.unpack_from("<L", data, data.index(CENTRAL) + 42)[0]
    second = data.index(LOCAL, first + 4)
    grown = struct.pack("<L", second)
    data = patched(patched(data, CENTRAL, "demo.py", 20, grown), LOCAL, "demo.py", 18, grown)
    assert refused(data) == (f"{NAME} is laid out so that '{INFO}/METADATA' overlaps another member")


def test_a_member_over_the_directory(refused):
    data = zip_archive(members().items())
    grown = struct.pack("<L", len(data))
    name = f"{INFO}/RECORD"
    data = patched(patched(data, CENTRAL, name, 20, grown), LOCAL, name, 18, grown)
    assert refused(data) == f"{NAME} is laid out so that its last member overlaps the directory"


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(members=3), "holds more than 3 members"),
        (Limits(unpacked=100), "unpacks to more than 100 bytes"),
        (Limits(ratio=2, ratio_from=1000), "unpacks to more than 2 times its size"),
        (Limits(read=20), f"holds '{INFO}/METADATA', which is larger than 20 bytes"),
        (Limits(wheel=20), f"holds '{INFO}/WHEEL', which is larger than 20 bytes"),
        (Limits(path=9), f"holds '{INFO}/METADATA'…, a path longer than 9 characters or 64 parts"),
        (Limits(depth=1), f"holds '{INFO}/METADATA'…, a path longer than 1024 characters or 1 parts"),
        (Limits(part=9), f"holds '{INFO}/METADATA'…, a name longer than 9 bytes"),
    ],
)
def test_limits(refused, limits, reason):
    assert refused(wheel_with("zeros", bytes(10_000)), limits=limits) == f"{NAME} {reason}"


def test_a_name_that_is_long_in_bytes_only(refused):
    assert refused(wheel_with("ü" * 200)) == f"{NAME} holds '{'ü' * 60}'…, a name longer than 255 bytes"


def test_texts_that_are_small_each_and_many(refused):
    data = zip_archive([*members().items(), *((f"demo/{n}.pth", bytes(400)) for n in range(10))])
    assert "RECORD does not list" in refused(data)
    many = {**members(), **{f"demo/{n}.pth": bytes(400) for n in range(10)}}
    many[f"{INFO}/RECORD"] = record({k: v for k, v in many.items() if k != f"{INFO}/RECORD"}, f"{INFO}/RECORD")
    assert refused(zip_archive(many.items()), limits=Limits(read=3000)) == (
        f"{NAME} holds .pth files and entry points of more than 3000 bytes"
    )


def test_a_directory_that_is_too_large_to_be_read_at_once(refused):
    data = zip_archive([(f"{'x' * 200}/{n}", b"") for n in range(700)])
    assert refused(data, limits=Limits(read=1)) == (
        f"{NAME} holds a header or file of more than 131072 bytes to be read at once"
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("demo-1.0.data/scripts/.x", "installs a command without a plain name: 'demo-1.0.data/scripts/.x'"),
        (
            "demo-1.0.data/./scripts/pip",
            "holds a file whose path is not in its shortest form: 'demo-1.0.data/./scripts/pip'",
        ),
        (
            "./pip-99.dist-info/METADATA",
            "holds a file whose path is not in its shortest form: './pip-99.dist-info/METADATA'",
        ),
        ("demo-1.0.data/other/x", "holds a file that pip has no place for: 'demo-1.0.data/other/x'"),
    ],
)
def test_a_place_that_readers_see_differently(refused, name, reason):
    assert refused(wheel_with(name)) == f"{NAME} {reason}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("./pip = a:main", "declares a command without a plain name: './pip'"),
        ("a\x1b[31m = a:main", "has a character in its entry_points.txt that some readers end a line at: '\\x1b'"),
        ("x = a", "declares a command that does not start a function of a module: 'x = a'"),
        (f"x = {'a' * 99}", f"declares a command that does not start a function of a module: 'x = {'a' * 56}…'"),
    ],
)
def test_a_command_that_readers_see_differently(refused, text, reason):
    assert (
        refused(wheel_with(f"{INFO}/entry_points.txt", f"[console_scripts]\n{text}\n".encode())) == f"{NAME} {reason}"
    )


@pytest.mark.parametrize(
    "name", ["../../bin/pip", f"{INFO}/../../../bin/pip", "demo-1.0.data/scripts/./pip", "/usr/bin/pip"]
)
def test_a_command_that_only_record_lists(refused, name):
    content = members({"demo-1.0.data/scripts/pip-tool": b""})
    content[f"{INFO}/RECORD"] += f"{name},,\n".encode()
    assert refused(zip_archive(content.items())) == f"{NAME} does not hold '{name}', which its RECORD lists"


@pytest.mark.parametrize("missing", ["METADATA", "WHEEL", "RECORD"])
def test_what_dist_info_must_hold(refused, missing):
    content = members()
    del content[f"{INFO}/{missing}"]
    assert refused(zip_archive(content.items())) == f"{NAME} has no '{INFO}/{missing}'"


def test_no_dist_info(refused):
    assert refused(zip_archive([("demo.py", b"")])) == f"{NAME} must hold one .dist-info directory, but holds none"


@pytest.mark.parametrize(
    "other", ["x-1.0.dist-info", "x-1.0.DIST-INFO", "x-1.0.egg-info", "x.EGG-INFO", "EGG-INFO", "x-9.egg"]
)
def test_metadata_of_a_second_distribution(refused, other):
    data = wheel_with(f"{other}/METADATA")
    first, second = sorted([INFO, other])
    assert refused(data) == f"{NAME} must hold one .dist-info directory, but holds '{first}', '{second}'"


@pytest.mark.parametrize("other", ["requests.egg-link", "requests-9-py3.11.egg", "requests.EGG-LINK"])
def test_a_way_to_the_metadata_of_another_distribution(refused, other):
    shown = f"'{INFO}', '{other}'"
    assert refused(wheel_with(other)) == f"{NAME} must hold one .dist-info directory, but holds {shown}"


@pytest.mark.parametrize("line", ["x", "./x/", "x/../x"])
@pytest.mark.parametrize("name", ["requests.egg-info/PKG-INFO", "requests-9.dist-info/METADATA", "requests.egg-link"])
def test_metadata_in_a_directory_that_a_path_file_adds(refused, line, name):
    data = zip_archive(members({"demo.pth": line.encode(), f"x/{name}": b"x"}).items())
    assert refused(data) == f"{NAME} holds 'x/{name}', which would be installed as metadata"


def test_an_egg_that_a_path_file_adds(refused):
    data = zip_archive(members({"demo.pth": b"x/y.egg", "x/y.egg/EGG-INFO/PKG-INFO": b"x"}).items())
    assert refused(data) == f"{NAME} holds 'x/y.egg/EGG-INFO/PKG-INFO', which would be installed as metadata"


def test_metadata_that_nobody_looks_for(accepted):
    extra = {"demo/_vendor/x-1.0.dist-info/METADATA": b"x", "tests/y.egg-info/PKG-INFO": b"x", "demo.pth": b"demo"}
    assert accepted(zip_archive(members(extra).items())).metadata


def test_a_dist_info_that_only_some_recognise(refused):
    data = zip_archive(members(info="demo-1.0.Dist-Info").items())
    assert refused(data) == f"{NAME} must hold one .dist-info directory, but holds 'demo-1.0.Dist-Info'"


@pytest.mark.parametrize("info", ["other-1.0.dist-info", "demo-1.1.dist-info", "demo.dist-info", "demo-x.dist-info"])
def test_dist_info_of_another(refused, info):
    data = zip_archive(members(info=info).items())
    assert refused(data) == f"{NAME} holds '{info}', which is of another name or version"


@pytest.mark.parametrize("scheme", ["purelib", "platlib", "data"])
def test_metadata_smuggled_through_the_data_directory(refused, scheme):
    name = f"demo-1.0.data/{scheme}/demo-1.0.dist-info/METADATA"
    assert refused(wheel_with(name)) == f"{NAME} holds '{name}', which would be installed as metadata"


@pytest.mark.parametrize("library", ["lib/python3.11/site-packages", "Lib/site-packages", "lib/python"])
@pytest.mark.parametrize("other", ["x-1.0.dist-info/METADATA", "x.egg-info/PKG-INFO", "x.egg-link"])
def test_metadata_smuggled_into_a_library_by_its_name(refused, library, other):
    name = f"demo-1.0.data/data/{library}/{other}"
    assert refused(wheel_with(name)) == f"{NAME} holds '{name}', which would be installed as metadata"


def test_a_name_no_wheel_has(refused):
    assert refused(make_wheel("demo", "1.0")[1], "demo.whl") == "demo.whl has a name that no wheel may have"


def with_wheel_file(text: bytes) -> bytes:
    content = members()
    content[f"{INFO}/WHEEL"] = text
    del content[f"{INFO}/RECORD"]
    content[f"{INFO}/RECORD"] = record(content, f"{INFO}/RECORD")
    return zip_archive(content.items())


@pytest.mark.parametrize("version", ["2.0", "x", "1.x", "1.", "", "2", "10.0"])
def test_wheel_versions_that_pip_refuses(refused, version):
    assert refused(with_wheel_file(f"Wheel-Version: {version}\n".encode())) == (
        f"{NAME} is of wheel version '{version or 'unknown'}', which pip cannot install"
    )


def test_no_wheel_version(refused):
    assert "is of wheel version 'unknown'" in refused(with_wheel_file(b"Tag: x\n"))


@pytest.mark.parametrize("version", ["1.0", "1", "0.1", "1.9", " 1.0 "])
def test_wheel_versions_that_pip_takes(accepted, version):
    assert accepted(with_wheel_file(f"Wheel-Version: {version}\n".encode())).metadata


def test_a_member_that_record_does_not_list(refused):
    data = zip_archive([*members().items(), ("evil.pth", b"import evil")])
    assert refused(data) == f"{NAME} holds 'evil.pth', which its RECORD does not list"


def test_a_member_that_record_alone_lists(refused):
    content = members()
    content[f"{INFO}/RECORD"] += b"gone.py,,\n"
    assert refused(zip_archive(content.items())) == f"{NAME} does not hold 'gone.py', which its RECORD lists"


def test_no_archive_at_all(refused):
    assert refused(b"<html>") == f"{NAME} cannot be read as an archive: 'File is not a zip file'"


def test_a_cut_archive(refused):
    data = make_wheel("demo", "1.0")[1]
    assert refused(data[:-30]) == f"{NAME} cannot be read as an archive: 'File is not a zip file'"


def test_a_damaged_metadata_file(refused):
    data = make_wheel("demo", "1.0")[1]
    damaged = with_other_crc(data, f"{INFO}/METADATA")
    assert refused(damaged) == (
        f"{NAME} cannot be read as an archive: \"Bad CRC-32 for file '{INFO}/METADATA'\"".replace('"', "'")
    )


def test_text_that_is_not_utf8(refused):
    content = members() | {f"{INFO}/RECORD": b"\xff,,\n"}
    assert refused(zip_archive(content.items())).startswith(f"{NAME} cannot be read as an archive: ''utf-8' codec")


def test_an_ordinary_sdist(accepted):
    contents = accepted(make_sdist("demo", "1.0", pyproject="[build-system]\n")[1], SDIST)
    assert contents.metadata == core_metadata("demo", "1.0").encode()
    assert contents.pyproject == b"[build-system]\n"
    assert contents.files == ("demo-1.0/demo/__init__.py", "demo-1.0/PKG-INFO", "demo-1.0/pyproject.toml")


def test_an_sdist_as_zip(accepted):
    data = zip_archive([("demo-1.0/PKG-INFO", b"Name: demo\n"), ("demo-1.0/x/PKG-INFO", b"no")])
    contents = accepted(data, "demo-1.0.zip")
    assert contents.metadata == b"Name: demo\n"
    assert contents.pyproject is None


def test_an_sdist_without_a_directory_of_its_own(accepted):
    contents = accepted(tar_archive([("setup.py", b""), ("egg/PKG-INFO", b"no"), ("PKG-INFO", b"yes")]), SDIST)
    assert contents.metadata == b"yes"


@pytest.mark.parametrize(
    ("suffix", "compress"),
    [
        (".tar", bytes),
        (".tgz", gzip.compress),
        (".tar.bz2", bz2.compress),
        (".tar.xz", lzma.compress),
    ],
)
def test_other_kinds_of_tar(accepted, suffix, compress):
    plain = gzip.decompress(tar_archive([("demo-1.0/PKG-INFO", b"yes")]))
    assert accepted(compress(plain), f"demo-1.0{suffix}").metadata == b"yes"


def tar_entry(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (tar_entry("d/link", tarfile.SYMTYPE, "/etc/passwd"), "holds 'd/link', a link"),
        (tar_entry("d/link", tarfile.LNKTYPE, "d/x"), "holds 'd/link', a link"),
        (tar_entry("d/pipe", tarfile.FIFOTYPE), "holds 'd/pipe', a device"),
        (tar_entry("d/disk", tarfile.BLKTYPE), "holds 'd/disk', a device"),
        (tar_entry("/etc/passwd", tarfile.REGTYPE), "holds '/etc/passwd', an absolute path"),
        (tar_entry("d/../../x", tarfile.REGTYPE), "holds 'd/../../x', a path that climbs out of its directory"),
        (tar_entry("d/./x", tarfile.REGTYPE), "holds 'd/./x' more than once"),
    ],
)
def test_hostile_members_of_an_sdist(refused, entry, reason):
    assert refused(tar_archive([("d/x", b""), (entry, b"")]), SDIST) == f"{SDIST} {reason}"


def test_a_bomb_in_an_sdist_is_seen_before_it_is_unpacked(refused):
    huge = tarfile.TarInfo("d/huge")
    huge.size = 1 << 40
    data = gzip.compress(huge.tobuf())
    assert refused(data, SDIST) == f"{SDIST} unpacks to more than {32 << 30} bytes"


def test_a_bomb_in_a_header_of_an_sdist(refused):
    header = tarfile.TarInfo("d/header")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    assert refused(gzip.compress(header.tobuf()), SDIST) == (
        f"{SDIST} holds a header or file of more than {32 << 20} bytes to be read at once"
    )


def test_a_pkg_info_too_large_to_read(refused):
    data = tar_archive([("d/PKG-INFO", bytes(100_000))])
    assert refused(data, SDIST, limits=Limits(read=50_000)) == (
        f"{SDIST} holds a header or file of more than 50000 bytes to be read at once"
    )


def test_no_tar_at_all(refused):
    assert refused(b"<html>", SDIST) == f"{SDIST} cannot be read as an archive: 'Not a gzipped file (b'<h')'"


def test_a_cut_sdist(refused):
    data = gzip.compress(io.BytesIO(gzip.decompress(make_sdist("demo", "1.0")[1])).read(700))
    assert refused(data, SDIST) == f"{SDIST} cannot be read as an archive: 'unexpected end of data'"


def test_a_damaged_member(refused):
    data = with_other_crc(wheel_with("x.py", b"print()"), "x.py")
    assert (
        refused(data)
        == f"{NAME} holds 'x.py' with the CRC-32 {zlib.crc32(b'print()'):08x}, but says that it has 6c697665"
    )


def test_a_member_that_once_was_found_whole_is_not_unpacked_again(accepted):
    """Its bytes are known by their sha256, so that a test alone can change them."""
    data = with_other_crc(wheel_with("x.py", b"print()"), "x.py")
    assert "x.py" in accepted(data, intact=True).files


def test_a_directory_with_bytes(refused):
    data = zip_archive([*members().items(), ("demo/", b"x")])
    assert refused(data) == f"{NAME} holds 'demo/', a directory with bytes of its own"


def test_a_member_without_a_name(refused):
    assert refused(zip_archive([*members().items(), (unnamed(), b"x")])) == f"{NAME} holds a member without a name"


def unnamed() -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x", EPOCH)
    info.filename = ""
    return info


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_not_every_python_can_unpack(refused, packing):
    info = zipfile.ZipInfo("x.py", EPOCH)
    info.compress_type = packing
    assert refused(zip_archive([(info, b"x")])) == (
        f"{NAME} holds 'x.py', which is packed in another way than by deflate, which not every Python can unpack"
    )


def test_a_member_that_is_a_patch(refused):
    data = wheel_with("x.py")
    for signature, offset in ((LOCAL, 6), (CENTRAL, 8)):
        data = patched(data, signature, "x.py", offset, b"\x20\x00")
    assert "holds 'x.py', which is packed in another way" in refused(data)


def test_a_second_name_that_only_newer_pythons_read(refused):
    info = zipfile.ZipInfo("x.py", EPOCH)
    name = b"evil.pth"
    info.extra = struct.pack("<HHBL", 0x7075, 5 + len(name), 1, zlib.crc32(b"x.py")) + name
    assert refused(zip_archive([(info, b"x")])) == f"{NAME} holds 'x.py', which has a second name"


def test_a_dist_info_that_is_an_empty_directory(refused):
    assert refused(zip_archive([*members().items(), ("x-1.0.dist-info/", b"")])) == (
        f"{NAME} must hold one .dist-info directory, but holds '{INFO}', 'x-1.0.dist-info'"
    )


def test_entry_points_that_are_not_utf8(refused):
    assert "has an entry_points.txt that is not UTF-8: 'byte 8'" in refused(
        wheel_with(f"{INFO}/entry_points.txt", b"[x]\na = \xff\n")
    )


def tar_of_two() -> bytes:
    return gzip.decompress(tar_archive([("d/PKG-INFO", b"yes"), ("d/x", b"x" * 2000)]))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda packed: packed[:-8] + b"evil" + packed[-4:], "cannot be read as an archive: 'CRC check failed"),
        (lambda packed: packed[:-4] + b"evil", "cannot be read as an archive: 'Incorrect length of data produced"),
        (lambda packed: packed[:-9], "cannot be read as an archive: 'Compressed file ended before the end-of-stream"),
        (lambda packed: packed + b"more", "cannot be read as an archive: 'Not a gzipped file"),
    ],
    ids=["crc", "length", "cut", "more"],
)
def test_a_gzip_that_is_not_whole(refused, damage, reason):
    assert refused(damage(gzip.compress(tar_of_two(), mtime=0)), SDIST).startswith(f"{SDIST} {reason}")


@pytest.mark.parametrize(("suffix", "compress"), [(".tar.bz2", bz2.compress), (".tar.xz", lzma.compress)])
def test_other_packings_that_are_not_whole(refused, suffix, compress):
    packed = compress(tar_of_two())
    assert "cannot be read as an archive" in refused(packed[:-4], f"demo-1.0{suffix}")


def test_a_damaged_header_is_not_the_end(refused):
    """tarfile takes it for that, and whatever comes after it for nothing."""
    plain = tar_of_two()
    damaged = plain[:1024] + b"?" + plain[1025:]
    for data in (damaged, damaged[:1536], damaged[:1200]):
        assert refused(gzip.compress(data), SDIST) == f"{SDIST} is damaged, or holds something behind its end"


def test_what_follows_the_end_of_a_tar(accepted, refused):
    plain = tar_of_two()
    assert accepted(gzip.compress(plain + bytes(100_000)), SDIST).metadata == b"yes"
    assert refused(gzip.compress(plain + bytes(512) + b"x"), SDIST).endswith("holds something behind its end")
    limits = Limits(read=50_000)
    assert refused(gzip.compress(plain + bytes(100_000)), SDIST, limits=limits).endswith(
        "holds something behind its end"
    )


def test_a_damaged_member_of_a_zip_sdist(refused):
    data = with_other_crc(zip_archive([("d/PKG-INFO", b"yes"), ("d/x.py", b"x")]), "d/x.py")
    assert refused(data, "demo-1.0.zip").startswith("demo-1.0.zip holds 'd/x.py' with the CRC-32 ")


@pytest.mark.parametrize("pyproject", [b"[build-system", b"a = \xff", b"a = " + b"[" * 5000])
def test_a_pyproject_that_pip_would_fall_over(tmp_path, pyproject):
    path = tmp_path / "demo-1.0.tar.gz"
    path.write_bytes(tar_archive([("demo-1.0/pyproject.toml", pyproject)]))
    with pytest.raises(IntegrityError, match=r"holds a pyproject\.toml that cannot be read"):
        check_sdist(path, path.name)
