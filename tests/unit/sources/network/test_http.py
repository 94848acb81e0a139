import base64
import errno
import os
import socket
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from lib.index import CERTIFICATE, LocalIndex, Reply

from safeinstall.errors import ProjectNotFoundError, SourceError
from safeinstall.sources.network.http import HttpClient, HttpSettings


@pytest.fixture
def index():
    with LocalIndex() as index:
        index.add("a-1.0.tar.gz", b"body of a")
        yield index


@pytest.fixture
def slept():
    return []


@pytest.fixture
def new_client(slept):
    clients = []

    def new(**settings):
        client = HttpClient(HttpSettings(**{"proxy": "", "netrc": False, **settings}), sleep=slept.append)
        clients.append(client)
        return client

    yield new
    for client in clients:
        client.close()


@pytest.fixture
def client(new_client):
    return new_client(retries=3)


def failure(client, url, **options):
    with pytest.raises(SourceError) as caught:
        client.get(url, **options)
    return caught.value


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_returns_the_whole_answer(index, client):
    response = client.get(index.file_url("a-1.0.tar.gz"))
    assert (response.status, response.body) == (200, b"body of a")
    assert response.url == index.file_url("a-1.0.tar.gz")
    assert response.headers["content-type"] == "application/octet-stream"


def test_sends_the_headers_asked_for_and_says_who_it_is(index, new_client):
    new_client(user_agent="safe-pip/1").get(index.file_url("a-1.0.tar.gz"), headers={"range": "bytes=-1"})
    sent = index.requests[0].headers
    assert (sent["user-agent"], sent["range"], sent["accept-encoding"]) == ("safe-pip/1", "bytes=-1", "gzip, deflate")


def test_streams_a_body(index, client):
    with client.stream(index.file_url("a-1.0.tar.gz")) as stream:
        assert b"".join(stream.chunks) == b"body of a"


def test_a_body_that_is_announced_as_too_long_is_not_read(index, client):
    index.reply(index.file_path("a-1.0.tar.gz"), Reply(body=b"x" * 11))
    with client.stream(index.file_url("a-1.0.tar.gz"), limit=10) as stream, pytest.raises(SourceError) as caught:
        next(stream.chunks)
    assert caught.value.message == f"{index.file_url('a-1.0.tar.gz')} answers with more than 10 bytes"


@pytest.mark.parametrize("status", [500, 502, 503, 520, 527])
def test_a_passing_fault_of_the_server_is_retried(index, client, slept, status):
    index.reply("*", Reply(status=status), None)
    assert client.get(index.file_url("a-1.0.tar.gz")).body == b"body of a"
    assert slept == [0.0]


def test_a_lasting_fault_of_the_server_is_told_after_the_retries(index, client, slept):
    index.reply("*", Reply(status=503))
    error = failure(client, index.url)
    assert (error.message, error.hint) == (f"{index.url} answered 503 Service Unavailable", "try again later")
    assert slept == [0.0, 0.5, 1.0]
    assert len(index.requests) == 4


def test_a_status_without_a_name_is_told_by_its_number(index, new_client):
    index.reply("*", Reply(status=520))
    assert failure(new_client(retries=0), index.url).message == f"{index.url} answered 520"


def test_waits_as_long_as_the_server_asks(index, client, slept):
    index.reply("*", Reply(status=429, headers={"Retry-After": "7"}), None)
    assert client.get(index.file_url("a-1.0.tar.gz")).status == 200
    assert slept == [7.0]


def test_understands_a_date_to_retry_after(index, client, slept):
    past = format_datetime(datetime.now(timezone.utc) - timedelta(days=1), usegmt=True)
    index.reply("*", Reply(status=429, headers={"Retry-After": past}), None)
    assert client.get(index.file_url("a-1.0.tar.gz")).status == 200
    assert slept == [0.0]


def test_does_not_wait_for_ever(index, client, slept):
    index.reply("*", Reply(status=429, headers={"Retry-After": "3600"}))
    error = failure(client, index.url)
    assert (error.message, error.hint) == (f"{index.url} answered 429 Too Many Requests", "try again in 3600 seconds")
    assert slept == []


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "soon"}])
def test_too_many_requests_without_a_time_is_final(index, client, headers):
    index.reply("*", Reply(status=429, headers=headers))
    assert failure(client, index.url).hint == "check the address of the index"
    assert len(index.requests) == 1


def test_a_broken_answer_is_retried(index, client, slept):
    index.reply("*", Reply(truncate=3), None)
    assert client.get(index.file_url("a-1.0.tar.gz")).body == b"body of a"
    assert slept == [0.0]


def test_an_answer_that_always_breaks_is_told(index, new_client):
    index.reply("*", Reply(truncate=3))
    error = failure(new_client(retries=1), index.file_url("a-1.0.tar.gz"))
    assert error.message == (
        f"cannot read {index.file_url('a-1.0.tar.gz')}: the connection broke before the whole answer had come"
    )
    assert len(index.requests) == 2


def test_no_connection_is_retried_and_told(client, slept):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        error = failure(client, url)
    reason = f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
    assert error.message == f"cannot read {url}: no connection: {reason}"
    assert error.hint == "check the network, the address and the proxy"
    assert len(slept) == 3


def test_a_silent_server_is_told(index, new_client):
    index.delay = 1.0
    error = failure(new_client(retries=0, timeout=0.05), index.url)
    assert error.message == f"cannot read {index.url}: it did not answer in time"
    assert error.hint == "try again, or allow more time with --timeout"


def test_an_answer_that_is_not_encoded_as_it_says_is_told(index, client):
    index.reply("*", Reply(status=200, headers={"Content-Encoding": "gzip"}))
    assert failure(client, index.url).message == f"cannot read {index.url}: its answer is not encoded as it says"


@pytest.mark.parametrize(("status", "phrase"), [(404, "404 Not Found"), (410, "410 Gone")])
def test_no_such_project_is_an_error_of_its_own(index, client, status, phrase):
    index.reply("*", Reply(status=status))
    error = failure(client, index.url)
    assert type(error) is ProjectNotFoundError
    assert error.message == f"{index.url} answered {phrase}"


@pytest.mark.parametrize(("status", "phrase"), [(401, "401 Unauthorized"), (403, "403 Forbidden")])
def test_a_closed_door_is_no_missing_project(index, client, status, phrase):
    index.reply("*", Reply(status=status))
    error = failure(client, index.url)
    assert type(error) is SourceError
    assert error.message == f"{index.url} answered {phrase}"
    assert error.hint == ("check the user and password for this index, or ask whoever runs it whether it blocks this")


def test_an_accepted_status_is_no_error(index, client):
    index.reply("*", Reply(status=416))
    assert client.get(index.url, accept={416}).status == 416


@pytest.mark.parametrize("method", ["get", "stream"])
def test_reads_no_more_than_the_limit(index, client, method):
    url = index.file_url("a-1.0.tar.gz")
    with pytest.raises(SourceError) as caught:
        if method == "get":
            client.get(url, limit=8)
        else:
            with client.stream(url, limit=8) as stream:
                list(stream.chunks)
    assert caught.value.message == f"{url} answers with more than 8 bytes"


def test_follows_redirects(index, client):
    index.reply("/here", Reply(status=302, headers={"Location": index.file_path("a-1.0.tar.gz")}))
    response = client.get(f"{index.root}/here")
    assert (response.body, response.url) == (b"body of a", index.file_url("a-1.0.tar.gz"))


def test_does_not_follow_redirects_for_ever(index, client):
    index.reply("*", Reply(status=302, headers={"Location": "/round"}))
    assert failure(client, index.url).message == (f"{index.root}/round is the end of 10 redirects, and redirects again")
    assert len(index.requests) == 11


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://files.example/a"])
def test_leaves_http_for_nothing(index, client, target):
    index.reply("*", Reply(status=302, headers={"Location": target}))
    assert failure(client, index.url).message == f"{index.url} redirects to {target}, which is no HTTP address"


def test_judges_the_target_of_a_redirect_like_any_address(index, client):
    index.reply("*", Reply(status=302, headers={"Location": "http://files.example/a"}))
    assert failure(client, index.url).message == (
        "http://files.example/a is plain HTTP: anyone on the way can change the answer"
    )


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://files.example/a", "https:///a"])
def test_speaks_http_only(client, url):
    assert failure(client, url).message == f"{url} is no HTTP address"


@pytest.mark.parametrize("url", ["https://[files.example/", "https://files.example:port/"])
def test_an_address_that_is_none_is_told(client, url):
    assert failure(client, url).message == f"{url!r} is not a valid address"


def test_refuses_plain_http_off_loopback(client):
    error = failure(client, "http://user:secret@index.example/simple/")
    assert error.message == ("http://****@index.example/simple/ is plain HTTP: anyone on the way can change the answer")
    assert error.hint == "use https://, or name the host with --trusted-host"


@pytest.mark.parametrize(
    "options", [{"settings": {"trusted_hosts": ("files.example",)}}, {"get": {"plain_http": True}}]
)
def test_plain_http_can_be_allowed(index, new_client, options):
    client = new_client(proxy=index.root, **options.get("settings", {}))
    index.reply("*", Reply(status=200, body=b"through the proxy"))
    assert client.get("http://files.example/a", **options.get("get", {})).body == b"through the proxy"
    assert index.paths() == ["http://files.example/a"]


def test_takes_the_proxy_of_the_environment_unless_told_otherwise(index, new_client, monkeypatch):
    monkeypatch.setenv("http_proxy", index.root)
    monkeypatch.setenv("no_proxy", "")
    index.reply("*", Reply(status=200, body=b"through the proxy"))
    assert new_client(proxy=None).get("http://localhost:9/a").body == b"through the proxy"
    failure(new_client(proxy="", retries=0, timeout=1.0), "http://localhost:9/a")
    assert index.paths() == ["http://localhost:9/a"]


def test_a_proxy_that_cannot_be_used_is_told(index, new_client):
    error = failure(new_client(proxy="gopher://user:secret@proxy.example"), index.url)
    assert error.hint == "check --proxy and the proxy variables of the environment"
    assert "secret" not in error.message


def test_a_proxy_that_refuses_is_told(index, new_client):
    error = failure(new_client(proxy=index.root, retries=0), "https://files.example/a")
    assert error.message == (
        "cannot read https://files.example/a: the proxy refused: 501 Unsupported method ('CONNECT')"
    )
    assert error.hint == "check --proxy"


def test_an_address_that_the_library_refuses_is_told(client, slept):
    error = failure(client, "https://files.ex\x00ample/a")
    assert error.message == "cannot read https://files.ex%00ample/a: its address is not valid"
    assert slept == []


def test_uses_the_credentials_of_the_address_and_shows_them_nowhere(index, client):
    index.credentials = ("me", "s:cret")
    url = index.file_url("a-1.0.tar.gz").replace("//", "//me:s%3Acret@")
    assert client.get(url).url == index.file_url("a-1.0.tar.gz")
    assert index.requests[0].headers["authorization"] == basic("me", "s:cret")
    index.credentials = ("you", "")
    assert failure(client, url).message == (
        f"{index.file_url('a-1.0.tar.gz').replace('//', '//****@')} answered 401 Unauthorized"
    )


def test_a_lone_user_is_a_token(index, client):
    client.get(index.file_url("a-1.0.tar.gz").replace("//", "//token@"))
    assert index.requests[0].headers["authorization"] == basic("token", "")


def test_credentials_of_an_index_count_for_its_files(index, client):
    index_url = index.url.replace("//", "//me:secret@")
    client.get(index.file_url("a-1.0.tar.gz"), index_url=index_url)
    assert index.requests[0].headers["authorization"] == basic("me", "secret")


def test_credentials_of_an_index_go_to_no_other_origin(index, client):
    with LocalIndex() as other:
        other.reply("*", Reply(status=200, body=b""))
        index_url = index.url.replace("//", "//me:secret@")
        client.get(other.url, index_url=index_url)
        assert "authorization" not in other.requests[0].headers


def test_credentials_stay_behind_when_a_redirect_leaves_the_origin(index, client):
    with LocalIndex() as other:
        other.reply("*", Reply(status=200, body=b""))
        index.reply("*", Reply(status=302, headers={"Location": other.url}))
        url = index.url.replace("//", "//me:secret@")
        client.get(url, index_url=url)
        assert index.requests[0].headers["authorization"] == basic("me", "secret")
        assert "authorization" not in other.requests[0].headers


def test_credentials_go_along_when_a_redirect_stays(index, client):
    index.reply("/here", Reply(status=302, headers={"Location": index.file_url("a-1.0.tar.gz")}))
    client.get(f"{index.root}/here".replace("//", "//me:secret@"))
    assert index.requests[1].headers["authorization"] == basic("me", "secret")


@pytest.fixture
def netrc_file(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(path))
    return path


def test_reads_netrc(index, new_client, netrc_file):
    new_client(netrc=True).get(index.file_url("a-1.0.tar.gz"))
    assert index.requests[0].headers["authorization"] == basic("me", "secret")


def test_netrc_can_be_turned_off(index, new_client, netrc_file):
    new_client(netrc=False).get(index.file_url("a-1.0.tar.gz"))
    assert "authorization" not in index.requests[0].headers


@pytest.mark.parametrize("text", ["machine other.example login me password secret\n", "nonsense"])
def test_a_netrc_that_says_nothing_of_the_host_counts_as_none(index, new_client, netrc_file, text):
    netrc_file.write_text(text)
    new_client(netrc=True).get(index.file_url("a-1.0.tar.gz"))
    assert "authorization" not in index.requests[0].headers


@pytest.fixture
def tls_index():
    with LocalIndex(tls=True) as index:
        index.add("a-1.0.tar.gz", b"body of a")
        yield index


def test_an_unknown_certificate_is_refused_at_once(tls_index, client, slept):
    error = failure(client, tls_index.url)
    assert error.message == f"cannot read {tls_index.url}: its certificate could not be verified"
    assert error.hint == "name the certificate authority that signed it with --cert"
    assert slept == []


def test_a_certificate_authority_can_be_given(tls_index, new_client):
    client = new_client(cert=str(CERTIFICATE))
    assert client.get(tls_index.file_url("a-1.0.tar.gz")).body == b"body of a"


def test_certificate_authorities_can_be_a_directory(tls_index, new_client, tmp_path):
    error = failure(new_client(cert=str(tmp_path)), tls_index.url)
    assert error.message == f"cannot read {tls_index.url}: its certificate could not be verified"


def test_a_client_certificate_can_be_given(tls_index, new_client):
    client = new_client(cert=str(CERTIFICATE), client_cert=str(CERTIFICATE))
    assert client.get(tls_index.file_url("a-1.0.tar.gz")).body == b"body of a"


@pytest.mark.parametrize("option", ["cert", "client_cert"])
def test_certificates_that_cannot_be_read_are_told(tls_index, new_client, option):
    error = failure(new_client(**{option: "/no/such/file"}), tls_index.url)
    assert error.message == f"cannot read {tls_index.url}: the certificates cannot be read: No such file or directory"
    assert error.hint == "check --cert, --client-cert and the variables that set them"


def test_a_trusted_host_needs_no_valid_certificate(tls_index, new_client):
    client = new_client(trusted_hosts=("127.0.0.1",))
    assert client.get(tls_index.file_url("a-1.0.tar.gz")).body == b"body of a"


def test_trust_in_one_host_is_no_trust_in_another(tls_index, new_client):
    client = new_client(trusted_hosts=("localhost", "127.0.0.1:1"))
    assert failure(client, tls_index.url).message == (
        f"cannot read {tls_index.url}: its certificate could not be verified"
    )


def test_a_redirect_from_https_down_to_http_is_refused(index, tls_index, new_client):
    tls_index.reply("*", Reply(status=302, headers={"Location": index.url}))
    error = failure(new_client(cert=str(CERTIFICATE)), tls_index.url, plain_http=True)
    assert error.message == f"{tls_index.url} redirects from HTTPS down to {index.url}"
    assert index.requests == []


def test_a_redirect_down_to_a_trusted_host_is_followed(index, tls_index, new_client):
    tls_index.reply("*", Reply(status=302, headers={"Location": index.file_url("a-1.0.tar.gz")}))
    client = new_client(cert=str(CERTIFICATE), trusted_hosts=(index.root.removeprefix("http://"),))
    assert client.get(tls_index.url).body == b"body of a"


def test_loads_the_http_library_with_the_first_request():
    code = "import sys, safeinstall.sources.index.index; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
