"""Personal data is removed from texts for reports."""

from pathlib import Path

import pytest
from anycost_installer.core.redact import redacted, without_home


def test_a_user_s_name_is_taken_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "joerg")
    assert (
        without_home(f"joerg wrote {tmp_path}/x, joergensen did not", tmp_path) == "USER wrote ~/x, joergensen did not"
    )
    assert redacted(r"opened C:\Users\x\a b.png and C:\x\y.dll", tmp_path) == "opened … and …/y.dll"
    assert redacted('cannot read "/mnt/My Photos/a b.txt": no', tmp_path) == 'cannot read "…": no'
    assert redacted("cannot read /mnt/My Photos/kid one.jpg: no", tmp_path) == "cannot read …: no"
    assert redacted("see /var/log/x and more", tmp_path) == "see … and more"
    assert redacted("key (JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6).", tmp_path) == "key …"
