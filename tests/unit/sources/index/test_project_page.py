import json
from datetime import datetime, timezone

import pytest

from safeinstall.errors import SourceError
from safeinstall.facts.artifact import Source, SourceKind
from safeinstall.ports import ListedFile
from safeinstall.sources.index.project_page import parse_project_page

JSON = "application/vnd.pypi.simple.v1+json"
URL = "https://i.example/simple/foo/"
SOURCE = Source(kind=SourceKind.INDEX, url="https://i.example/simple/", name="acme")
SHA = "AB" * 32


def page(body, content_type=JSON, url=URL):
    data = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return parse_project_page(data, content_type, url, SOURCE)


def file(**entry):
    (found,) = page({"files": [{"url": "foo-1.0.tar.gz", **entry}]}).files
    return found


def anchor(attributes, url=URL):
    (found,) = page(f"<a {attributes}>text</a>", "text/html", url).files
    return found


def refusal(body, content_type=JSON, url=URL):
    with pytest.raises(SourceError) as caught:
        page(body, content_type, url)
    return caught.value


def test_reads_every_key_of_a_json_file():
    assert file(
        **{
            "url": "../../files/foo-1.0-py3-none-any.whl",
            "filename": "foo-1.0-py3-none-any.whl",
            "hashes": {"sha256": SHA, "blake2b": "0"},
            "requires-python": ">=3.8",
            "yanked": "broken",
            "size": 12,
            "upload-time": "2024-01-02T03:04:05.678901Z",
            "core-metadata": {"sha256": SHA},
            "provenance": "https://i.example/integrity/foo/1.0/provenance",
            "gpg-sig": True,
        }
    ) == ListedFile(
        filename="foo-1.0-py3-none-any.whl",
        url="https://i.example/files/foo-1.0-py3-none-any.whl",
        hashes={"sha256": SHA.lower(), "blake2b": "0"},
        requires_python=">=3.8",
        yanked="broken",
        size=12,
        upload_time=datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
        core_metadata={"sha256": SHA.lower()},
        provenance="https://i.example/integrity/foo/1.0/provenance",
    )


def test_a_json_file_needs_nothing_but_its_address():
    assert file() == ListedFile(filename="foo-1.0.tar.gz", url=f"{URL}foo-1.0.tar.gz", hashes={})


PROVENANCE = [
    ("https://j.example/a%2Bb/provenance", "https://j.example/a%2Bb/provenance"),
    ("/integrity/a+b", "https://i.example/integrity/a%2Bb"),
    ("../provenance", "https://i.example/simple/provenance"),
    (" /integrity/a#x ", "https://i.example/integrity/a"),
    ("", None),
    ("#x", None),
    ("https://[", None),
    ("file:///etc/passwd", None),
    ("/in\x00tegrity", None),
]


@pytest.mark.parametrize(("told", "address"), [*PROVENANCE, (None, None), (True, None), ({"sha256": SHA}, None)])
def test_where_provenance_is_announced(told, address):
    assert file(provenance=told).provenance == address


@pytest.mark.parametrize(("told", "address"), PROVENANCE)
def test_where_provenance_is_announced_in_html(told, address):
    assert anchor(f'href="foo-1.0.tar.gz" data-provenance="{told}"').provenance == address


def test_a_page_of_this_machine_may_announce_what_is_on_it():
    body = b'<a href="foo-1.0.tar.gz" data-provenance="foo.json">foo</a>'
    (found,) = page(body, "text/html", "file:///srv/simple/foo/index.html").files
    assert found.provenance == "file:///srv/simple/foo/foo.json"


def test_keeps_the_order_and_the_source_of_a_page():
    found = page({"files": [{"url": "foo-2.0.tar.gz"}, {"url": "foo-1.0.tar.gz"}]})
    assert [f.filename for f in found.files] == ["foo-2.0.tar.gz", "foo-1.0.tar.gz"]
    assert found.source is SOURCE
    assert found.status is None


def test_a_page_may_list_no_files():
    assert page({"meta": {"api-version": "1.0"}, "files": []}).files == ()
    assert page("<html><h1>Links for app</h1></html>", "text/html").files == ()


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("", "it lists nothing at all"),
        ("<form action=/login>", "it lists nothing, and asks for something"),
        ("<script src=x></script>", "it lists nothing, and asks for something"),
        ('<META HTTP-EQUIV="Refresh" content="0; url=/login">', "it lists nothing, and asks for something"),
    ],
)
def test_a_login_page_is_no_project_without_files(html, reason):
    error = refusal(html, "text/html")
    assert error.message == f"{URL} is no project page: {reason}"


@pytest.mark.parametrize(
    ("url", "filename", "absolute"),
    [
        ("https://files.example/a/foo-1.0.tar.gz", "foo-1.0.tar.gz", "https://files.example/a/foo-1.0.tar.gz"),
        ("//files.example/foo-1.0.tar.gz", "foo-1.0.tar.gz", "https://files.example/foo-1.0.tar.gz"),
        ("/foo-1.0%2Blocal.tar.gz", "foo-1.0+local.tar.gz", "https://i.example/foo-1.0%2Blocal.tar.gz"),
        ("/a%2Ffoo-1.0.tar.gz", "foo-1.0.tar.gz", "https://i.example/a%2Ffoo-1.0.tar.gz"),
        ("/foo-1.0.tar.gz?token=a/b", "foo-1.0.tar.gz", "https://i.example/foo-1.0.tar.gz?token=a/b"),
        ("https://files.example/a/..", "", "https://files.example/a/.."),
        ("https://files.example/%2e%2e", "", "https://files.example/.."),
        ("/foo-1.0+local.tar.gz", "foo-1.0+local.tar.gz", "https://i.example/foo-1.0%2Blocal.tar.gz"),
        (
            "https://files.example/a b/%66oo-1.0.tar.gz?a+b",
            "foo-1.0.tar.gz",
            "https://files.example/a%20b/foo-1.0.tar.gz?a+b",
        ),
    ],
)
def test_takes_the_file_name_from_the_address_as_pip_does(url, filename, absolute):
    found = file(url=url, filename="other-9.whl")
    assert (found.filename, found.url) == (filename, absolute)


def test_a_hash_in_the_address_is_one_more():
    found = file(url=f"foo-1.0.tar.gz#egg=x&sha256={SHA}", hashes={"md5": "11"})
    assert found.url == f"{URL}foo-1.0.tar.gz"
    assert found.hashes == {"sha256": SHA.lower(), "md5": "11"}


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("", ("", "")),
        ("subdirectory=a/b", ("a/b", "")),
        (f"egg=foo-1.0&sha256={SHA}&subdirectory=a", ("a", "foo-1.0")),
        ("subdirectory=a&subdirectory=b", ("a", "")),
        ("xsubdirectory=a&eggs=b&egg", ("", "")),
    ],
)
def test_the_other_parts_of_a_fragment(fragment, expected):
    address = f"foo-1.0.tar.gz#{fragment}"
    for found in (file(url=address), anchor(f'href="{address}"')):
        assert (found.subdirectory, found.egg) == expected
        assert found.url == f"{URL}foo-1.0.tar.gz"


def test_where_the_address_contradicts_the_page_no_file_will_do():
    """pip goes by the address."""
    found = file(url=f"foo-1.0.tar.gz#sha256={SHA}", hashes={"sha256": "00"})
    assert found.hashes == {"sha256": f"{SHA.lower()} and 00"}


@pytest.mark.parametrize(("value", "yanked"), [(False, None), (None, None), ("", None), (True, ""), ("bad", "bad")])
def test_yanked_in_json(value, yanked):
    assert file(yanked=value).yanked == yanked


@pytest.mark.parametrize("size", ["12", 1.5, -1, True, None])
def test_an_odd_size_is_none(size):
    assert file(size=size).size is None


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        ("2024-01-02T03:04:05.5Z", datetime(2024, 1, 2, 3, 4, 5, 500000, tzinfo=timezone.utc)),
        ("2024-01-02T03:04:05.1234567Z", datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=timezone.utc)),
        ("2024-01-02T03:04:05+02:00", datetime(2024, 1, 2, 1, 4, 5, tzinfo=timezone.utc)),
        ("2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        ("yesterday", None),
        (1704164645, None),
        (None, None),
    ],
)
def test_upload_times_have_a_time_zone(value, time):
    found = file(**{"upload-time": value}).upload_time
    assert found == time
    assert found is None or found.tzinfo is not None


@pytest.mark.parametrize(
    "value",
    ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:30Z", "9000-01-01", "1969-12-31"],
)
def test_a_time_that_no_other_can_be_reckoned_from_is_none(value):
    assert file(**{"upload-time": value}).upload_time is None


def test_half_a_surrogate_pair_is_no_character():
    """JSON can escape it, and nothing can write it out again."""
    half, whole = "\ud800", "\U0001f600"
    entry = {"yanked": half + whole, "requires-python": half, "hashes": {half: half}, "url": f"{half}/foo-1.0.tar.gz"}
    found = file(**entry)
    assert (found.yanked, found.requires_python, found.hashes) == ("\ufffd" + whole, "\ufffd", {"\ufffd": "\ufffd"})
    assert found.url.endswith("/%EF%BF%BD/foo-1.0.tar.gz")


@pytest.mark.parametrize(
    "url", ["http://[x/foo-1.0.tar.gz", "https://[x/foo.tar.gz?y", "http://\ufb00\u2100.example/foo"]
)
def test_an_address_that_is_none_is_an_error(url):
    said = f"a file has the impossible address {url!r}"
    assert said in refusal({"files": [{"url": url}]}).message
    assert said in refusal(f"<a href='{url}'>text</a>".encode(), "text/html").message


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"core-metadata": True}, {}),
        ({"core-metadata": {"sha256": "ab", "crc": "0", "md5": 1}}, {"sha256": "ab"}),
        ({"core-metadata": False, "dist-info-metadata": True}, None),
        ({"dist-info-metadata": {"sha256": "ab"}}, {"sha256": "ab"}),
        ({}, None),
    ],
)
def test_core_metadata_in_json(keys, expected):
    assert file(**keys).core_metadata == expected


@pytest.mark.parametrize("key", ["status", "state"])
def test_project_status_in_json(key):
    assert page({"files": [], "project-status": {key: "quarantined"}}).status == "quarantined"


@pytest.mark.parametrize("status", ["quarantined", {"status": 1}, {}])
def test_an_odd_project_status_is_none(status):
    assert page({"files": [], "project-status": status}).status is None


@pytest.mark.parametrize("version", ["1.0", "1.99", 1.1])
def test_understands_every_minor_version(version):
    assert page({"meta": {"api-version": version}, "files": []}).files == ()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"\xff\xfe\xfa", "it is not JSON"),
        ([], "it is no JSON object"),
        ({"files": {}}, "its files are no list"),
        ({"message": "try later"}, "its files are no list"),
        ({"files": ["foo"]}, "one of its files is no JSON object"),
        ({"files": [{"filename": "foo-1.0.tar.gz"}]}, "a file has no url"),
        ({"files": [{"url": 1}]}, "a file has no url"),
        ({"files": [{"url": "x", "hashes": ["sha256"]}]}, "the hashes of a file are no table of texts"),
        ({"files": [{"url": "x", "hashes": {"sha256": 1}}]}, "the hashes of a file are no table of texts"),
        ({"files": [{"url": "x", "requires-python": 3}]}, "the requires-python of a file is no text"),
        ({"files": [{"url": "file:///etc/x.whl"}]}, "it lists the local file 'file:///etc/x.whl'"),
        ({"files": [{"url": " FILE:///etc/x.whl"}]}, "it lists the local file 'FILE:///etc/x.whl'"),
        ({"files": [{"url": "//[x/a.whl"}]}, "a file has the impossible address '//[x/a.whl'"),
        ({"files": [{"url": "a\x07.whl"}]}, f"a file has the impossible address '{URL}a%07.whl'"),
        ({"meta": {"api-version": "2.0"}}, "its API version is 2.0, and only 1.x is understood"),
    ],
)
def test_a_page_that_cannot_be_understood_is_an_error(body, reason):
    error = refusal(body)
    assert error.message == f"the project page {URL} cannot be used: {reason}"
    assert error.hint == "this is a fault of the index: report it to whoever runs it"


@pytest.mark.parametrize("content_type", ["", "application/json", "text/plain", "application/vnd.pypi.simple.v2+json"])
def test_another_content_type_is_no_project_page(content_type):
    error = refusal(b"{}", content_type, "https://me:secret@i.example/simple/foo/")
    assert error.message == (
        f"https://****@i.example/simple/foo/ is no project page: its content type is {content_type!r}"
    )
    assert error.hint == "check the address of the index, and that no login page or proxy answers in its place"


def test_reads_every_attribute_of_an_anchor():
    assert anchor(
        f'href="../../files/foo-1.0-py3-none-any.whl#sha256={SHA}" data-requires-python="&gt;=3.8" '
        f'data-yanked="bad" data-core-metadata="sha256={SHA}" data-provenance="/integrity/foo/1.0"'
    ) == ListedFile(
        filename="foo-1.0-py3-none-any.whl",
        url="https://i.example/files/foo-1.0-py3-none-any.whl",
        hashes={"sha256": SHA.lower()},
        requires_python=">=3.8",
        yanked="bad",
        core_metadata={"sha256": SHA.lower()},
        provenance="https://i.example/integrity/foo/1.0",
    )


def test_an_anchor_needs_nothing_but_its_address():
    assert anchor('HREF=" foo-1.0.tar.gz "') == ListedFile(
        filename="foo-1.0.tar.gz", url=f"{URL}foo-1.0.tar.gz", hashes={}
    )


@pytest.mark.parametrize(
    ("attribute", "yanked"), [("", None), ('data-yanked=""', ""), ("data-yanked", ""), ('data-yanked="why"', "why")]
)
def test_yanked_in_html(attribute, yanked):
    assert anchor(f'href="foo-1.0.tar.gz" {attribute}').yanked == yanked


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ('data-core-metadata="true"', {}),
        ('data-core-metadata="crc=0"', {}),
        ('data-dist-info-metadata="sha256=ab"', {"sha256": "ab"}),
        ("", None),
    ],
)
def test_core_metadata_in_html(attribute, expected):
    assert anchor(f'href="foo-1.0.tar.gz" {attribute}').core_metadata == expected


def test_anchors_without_an_address_are_no_files():
    assert page('<a name="top">x</a><a href="">y</a>', "text/html").files == ()


def test_other_links_of_an_html_page_do_no_harm():
    found = page('<a href="mailto:me@a.example">x</a><a href="javascript:void(0)">y</a>', "text/html")
    assert [f.url for f in found.files] == ["mailto:me@a.example", "javascript:void%280%29"]


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://files.example/a/", "https://files.example/a/foo-1.0.tar.gz"),
        ("/a/", "https://i.example/a/foo-1.0.tar.gz"),
    ],
)
def test_honours_the_first_base_address(base, url):
    html = f'<base target="x"><base href="{base}"><base href="https://evil.example/"><a href="foo-1.0.tar.gz">x</a>'
    assert page(html, "text/html").files[0].url == url


def test_a_base_address_makes_no_page_local():
    error = refusal('<base href="file:///etc/"><a href="x.whl">x</a>', "text/html")
    assert error.message == f"the project page {URL} cannot be used: it lists the local file 'file:///etc/'"


def test_a_local_page_may_list_local_files():
    assert anchor('href="foo-1.0.tar.gz"', url="file:///a/index.html").url == "file:///a/foo-1.0.tar.gz"


def test_project_status_in_html():
    assert page('<meta name="pypi:project-status" content="archived">', "text/html").status == "archived"


def test_a_later_html_version_is_refused():
    error = refusal('<meta name="pypi:repository-version" content="2.0">', "text/html")
    assert error.message == (
        f"the project page {URL} cannot be used: its API version is 2.0, and only 1.x is understood"
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [("é".encode("latin-1"), "text/html; charset=ISO-8859-1"), ("é".encode(), "application/vnd.pypi.simple.v1+html")],
)
def test_honours_the_charset(body, content_type):
    found = page(b'<a href="x" data-yanked="' + body + b'">x</a>', content_type)
    assert found.files[0].yanked == "é"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff", "text/html"),
        (b"\xff", "text/html; charset=nonsense"),
        (b"a", "text/html; charset=undefined"),
        (b"\\ud800", "text/html; charset=unicode_escape"),
    ],
)
def test_a_page_that_cannot_be_decoded_is_an_error(body, content_type):
    error = refusal(body, content_type)
    assert error.message == f"the project page {URL} cannot be used: it cannot be decoded"


def test_files_whose_names_are_not_admitted_are_not_read_but_count_for_the_first_upload():
    entries = [
        {"url": "a-1.whl", "upload-time": "2024-01-02T03:04:05Z", "size": 1},
        {"url": "a-2.whl", "upload-time": "2020-01-02T03:04:05Z", "hashes": "no table"},
    ]
    found = parse_project_page(
        json.dumps({"files": entries}).encode(), JSON, URL, SOURCE, lambda name: name == "a-1.whl"
    )
    assert [file.filename for file in found.files] == ["a-1.whl"]
    assert found.first_upload == datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def test_of_files_that_are_left_out_it_is_kept_when_the_first_of_each_version_was_uploaded():
    times = {
        "a-1-cp39-x-x.whl": "2024-01-02T03:04:05Z",
        "a-1-cp38-x-x.whl": "2023-01-02T03:04:05Z",
        "a-2-cp39-x-x.whl": "2024-01-02T03:04:05Z",
        "a-2-cp38-x-x.whl": None,
        "a-3-cp39-x-x.whl": "zzZ",
        "a-4-1-cp39-x-x.whl": "2022-01-02T03:04:05Z",
        "nonsense.whl": None,
        "a-5.tar.gz": "2021-01-02T03:04:05Z",
    }
    entries = [{"url": name, "upload-time": time} for name, time in times.items()]
    found = parse_project_page(json.dumps({"files": entries}).encode(), JSON, URL, SOURCE, lambda n: n[-1] == "z")
    first, before = (datetime(year, 1, 2, 3, 4, 5, tzinfo=timezone.utc) for year in (2023, 2022))
    assert found.left_out == {"1": first, "2": None, "3": None, "4": before, "": None}


def test_of_files_that_are_left_out_the_first_attested_one_of_each_version_is_kept():
    def entry(name, day, **more):
        time = f"2024-01-{day:02}T00:00:00Z"
        return {"url": f"{name}-any.whl", "hashes": {"sha256": SHA}, "upload-time": time, "provenance": "/p", **more}

    entries = [
        entry("a-1-z", 3),
        entry("a-1-y", 2, provenance=f"/{SHA}", yanked="broken"),
        entry("a-1-x", 1, provenance=None),
        entry("a-2-x", 1, provenance=7),
        entry("a-3-x", 1, hashes=7),
        entry("a-4-x", 1) | {"upload-time": "soon"},
        entry("a-5-x", 1, **{"requires-python": 7}),
    ]
    found = parse_project_page(json.dumps({"files": entries}).encode(), JSON, URL, SOURCE, lambda _: False)
    assert list(found.attested_elsewhere) == ["1", "5"]
    assert found.attested_elsewhere["1"] == ListedFile(
        filename="a-1-y-any.whl",
        url=f"{URL}a-1-y-any.whl",
        hashes={"sha256": SHA.lower()},
        yanked="broken",
        upload_time=datetime(2024, 1, 2, tzinfo=timezone.utc),
        provenance=f"https://i.example/{SHA}",
    )


def test_an_html_page_tells_no_time_of_files_that_are_left_out():
    body = b"<a href=a-1-cp39-x-x.whl>x</a> <a href=a-1.tar.gz>x</a>"
    found = parse_project_page(body, "text/html", URL, SOURCE, lambda name: name[-1] == "z")
    assert ([file.filename for file in found.files], found.left_out) == (["a-1.tar.gz"], {"1": None})


@pytest.mark.parametrize(
    ("times", "first"),
    [
        ([], None),
        (["2024-01-02T03:04:05Z", None], "2024-01-02T03:04:05Z"),
        (["2024-01-02T03:04:05Z", "2024-01-02T05:04:04+02:00"], "2024-01-02T03:04:04Z"),
        (["soon", 7], None),
    ],
)
def test_the_first_upload_is_the_earliest_that_can_be_read(times, first):
    found = page({"files": [{"url": "a.whl", "upload-time": time} for time in times]}).first_upload
    assert found == (datetime.strptime(first, "%Y-%m-%dT%H:%M:%S%z") if first else None)
