"""Downloads go on where they broke off, are whole or not there, and take the user's certificates and proxy."""

import hashlib
import http.server
import os
import select
import shutil
import socket
import ssl
import subprocess
import threading

import pytest
from anycost_models.hub import package_index, resumable_download
from anycost_models.hub.resumable_download import DownloadError, DownloadRefused, download

BODY = bytes(range(256)) * 2000  # 512,000 bytes
SHA256 = hashlib.sha256(BODY).hexdigest()
MOST = 1 << 20


class Server:
    """Serves BODY at every path; `breaks`: bytes after which it hangs up, once for each."""

    def __init__(self, ranges: bool = True, tag: str = '"one"', context: ssl.SSLContext | None = None) -> None:
        self.body, self.ranges, self.tag = BODY, ranges, tag
        self.breaks: list[int] = []
        self.asked: list[str] = []  # the Range of each request
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}/file.whl"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, request):
        asked, same = request.headers.get("Range", ""), request.headers.get("If-Range", self.tag) == self.tag
        self.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges and same else 0
        if start >= len(self.body):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(self.body)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.body) - 1}/{len(self.body)}")
        if self.tag:
            request.send_header("ETag", self.tag)
        request.send_header("Content-Length", str(len(self.body) - start))
        request.end_headers()
        end = start + self.breaks.pop(0) if self.breaks else len(self.body)
        request.wfile.write(self.body[start:end])

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serving(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(resumable_download, "_PAUSE", 0.001)
    started = []

    def serve(**options):
        started.append(Server(**options))
        return started[-1]

    yield serve
    for server in started:
        server.close()


def test_it_goes_on_after_each_break(serving, tmp_path):
    server = serving()
    server.breaks = [100_000, 250_000]
    download(server.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)
    assert (tmp_path / "file").read_bytes() == BODY
    assert server.asked == ["", "bytes=100000-", "bytes=350000-"]
    assert [path.suffix for path in (tmp_path / "partial").iterdir()] == [".lock"]


def broken_off(server, folder) -> None:
    """As when the process was ended: the server sends no more after 100,000 bytes."""
    server.breaks = [100_000, *[0] * 20]
    with pytest.raises(DownloadError, match="the connection broke off"):
        download(server.url, folder / "file", folder / "partial", MOST, SHA256)
    assert not (folder / "file").exists()
    server.breaks, server.asked = [], []


def test_the_next_call_goes_on_too(serving, tmp_path):
    server = serving()
    broken_off(server, tmp_path)
    download(server.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)
    assert server.asked == ["bytes=100000-"]
    assert (tmp_path / "file").read_bytes() == BODY


def test_without_ranges_it_begins_anew(serving, tmp_path):
    server = serving(ranges=False)
    broken_off(server, tmp_path)
    download(server.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)
    assert (tmp_path / "file").read_bytes() == BODY


@pytest.mark.parametrize("tag", ['"one"', ""])
def test_a_file_that_was_changed_meanwhile_is_not_mixed_with_the_old(serving, tmp_path, tag):
    server = serving(tag=tag)
    broken_off(server, tmp_path)
    server.tag = tag and '"two"'
    server.body = BODY[::-1]
    download(server.url, tmp_path / "file", tmp_path / "partial", MOST, hashlib.sha256(BODY[::-1]).hexdigest())
    assert (tmp_path / "file").read_bytes() == BODY[::-1]


def test_what_is_whole_already_is_not_sent_again(serving, tmp_path):
    server = serving()
    server.breaks = [len(BODY) - 1]
    broken_off(server, tmp_path)
    (kept,) = (path for path in (tmp_path / "partial").iterdir() if not path.suffix)
    kept.write_bytes(BODY)
    download(server.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)
    assert server.asked == [f"bytes={len(BODY)}-"]
    assert (tmp_path / "file").read_bytes() == BODY


def test_a_damaged_file_gets_no_name_and_is_not_kept(serving, tmp_path):
    server = serving()
    with pytest.raises(DownloadError, match="came damaged"):
        download(server.url, tmp_path / "file", tmp_path / "partial", MOST, "0" * 64)
    assert not (tmp_path / "file").exists()
    assert [path.suffix for path in (tmp_path / "partial").iterdir()] == [".lock"]


def test_what_is_too_large_is_refused_before_it_comes(serving, tmp_path):
    server = serving()
    with pytest.raises(DownloadRefused, match="holds more than 0 MiB"):
        download(server.url, tmp_path / "file", tmp_path / "partial", 1000)
    assert not (tmp_path / "file").exists()


def test_two_at_once_do_not_disturb_each_other(serving, tmp_path):
    server = serving()
    errors = []

    def one(name):
        try:
            download(server.url, tmp_path / name, tmp_path / "partial", MOST, SHA256)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(f"file{number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [(tmp_path / f"file{number}").read_bytes() == BODY for number in range(2)] == [True, True]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """One that nobody knows, for 127.0.0.1, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture
def encrypted(serving, certificate, monkeypatch):
    for name in (*resumable_download._CERTIFICATES, "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    resumable_download._context_with.cache_clear()  # SSL_CERT_FILE counts in there too
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return serving(context=context)


def test_an_unknown_certificate_is_refused(encrypted, tmp_path):
    with pytest.raises(DownloadError, match="CERTIFICATE_VERIFY_FAILED"):
        download(encrypted.url, tmp_path / "file", tmp_path / "partial", MOST)


@pytest.mark.parametrize("variable", resumable_download._CERTIFICATES)
def test_certificates_that_the_user_names_are_taken(encrypted, certificate, tmp_path, monkeypatch, variable):
    monkeypatch.setenv(variable, str(certificate / "cert.pem"))
    download(encrypted.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)


def test_so_is_pips_own_setting(encrypted, certificate, tmp_path, monkeypatch):
    (tmp_path / "pip.conf").write_text(f"[global]\ncert = {certificate / 'cert.pem'}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_ISOLATED", "0")
    resumable_download._pip_configuration.cache_clear()
    download(encrypted.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)


def test_certificates_that_cannot_be_read_are_named(encrypted, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "none.pem"))
    with pytest.raises(DownloadError, match="PIP_CERT names cannot be read") as caught:
        download(encrypted.url, tmp_path / "file", tmp_path / "partial", MOST)
    # Else pip would be asked, which takes REQUESTS_CA_BUNDLE in the place of a PIP_CERT that cannot be read.
    assert not isinstance(caught.value, resumable_download.DownloadRefused)


class Proxy:
    """Passes connections on (CONNECT), and keeps whom it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    def pass_on(self, client):
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(4096)
        verb, place, *_ = request.decode().split()
        self.asked.append(f"{verb} {place}")
        host, _, port = place.rpartition(":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        ends = {client: server, server: client}
        while True:
            for ready in select.select(list(ends), [], [])[0]:
                data = ready.recv(65_536)
                if not data:
                    client.close()
                    server.close()
                    return
                ends[ready].sendall(data)


@pytest.mark.parametrize("setting", ["HTTPS_PROXY", "https_proxy", "PIP_PROXY"])
def test_the_users_proxy_is_asked(encrypted, certificate, tmp_path, monkeypatch, setting):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "PIP_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    proxy = Proxy()
    monkeypatch.setenv(setting, proxy.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    download(encrypted.url, tmp_path / "file", tmp_path / "partial", MOST, SHA256)
    assert proxy.asked == [f"CONNECT 127.0.0.1:{encrypted.port}"]
    proxy.socket.close()


PAGE = """<html><body>
<a href="../../files/faces-1.2.tar.gz#sha256={0}">faces-1.2.tar.gz</a>
<a data-requires-python="&gt;=3.8" href="../../files/faces-1.2-py3-none-any.whl#sha256={1}">faces</a>
<a href="../../files/faces-1.20-py3-none-any.whl#sha256={0}">faces-1.20-py3-none-any.whl</a>
<a href="../../files/mediapipe-0.10.14-cp311-cp311-win_amd64.whl#sha256={0}">mediapipe</a>
<a href="../../files/mediapipe-0.10.14-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl#sha256={1}">m</a>
</body></html>""".format("0" * 64, SHA256)


@pytest.mark.parametrize("package", ["faces==1.2", "mediapipe==0.10.14"])
def test_an_indexs_page_names_the_one_wheel(package):
    url, sha256 = package_index._listed_wheel(PAGE, "https://index/simple/faces/", package)
    assert url.startswith(f"https://index/files/{package.replace('==', '-')}-")
    assert sha256 == SHA256


def test_a_wheel_comes_from_the_users_own_index(serving, tmp_path, monkeypatch):
    server = serving()
    monkeypatch.setattr(resumable_download, "page", lambda url, most: PAGE if url.endswith("/simple/faces/") else "")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.port}/simple")
    server.breaks = [1000]
    wheel = package_index.download("faces==1.2", tmp_path, tmp_path / "partial")
    assert wheel.name == "faces-1.2-py3-none-any.whl"
    assert wheel.read_bytes() == BODY
    assert server.asked == ["", "bytes=1000-"]
