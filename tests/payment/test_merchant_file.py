"""A merchant file that cannot be used says what is wrong with it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.payment.world import Sandbox

from kaibo.trade.payment.provider_file import ProviderFileError
from kaibo.trade.payment.wechatpay import read_merchant_file


@pytest.fixture
def merchant_dir(sandbox: Sandbox, tmp_path: Path) -> Path:
    for name in ("merchant.json", "merchant.key.pem", "platform.cert.pem"):
        shutil.copy(sandbox.data_dir / name, tmp_path / name)
    return tmp_path


def rewrite(directory: Path, **changes: Any) -> Path:
    path = directory / "merchant.json"
    document = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    return path


def test_a_good_file_is_read_and_shows_no_secret(merchant_dir: Path) -> None:
    config = read_merchant_file(merchant_dir / "merchant.json")
    document = json.loads((merchant_dir / "merchant.json").read_text())
    assert (config.mchid, config.appid) == (document["mchid"], document["appid"])
    assert len(config.platform_certificates) >= 1
    assert document["apiv3_key"] not in repr(config)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mchid": None}, "mchid is missing"),
        ({"appid": 7}, "appid is missing or not a text"),
        ({"apiv3_key": "short"}, "apiv3_key has 5 bytes, it must have 32"),
        ({"base_url": "127.0.0.1:80"}, "base_url"),
        ({"private_key_path": "nowhere.pem"}, "private_key_path nowhere.pem"),
        ({"private_key_path": "platform.cert.pem"}, "private_key_path platform.cert.pem"),
        ({"platform_certificate_path": "merchant.key.pem"}, "platform_certificate_path merchant.key.pem"),
    ],
)
def test_a_bad_field_is_named(merchant_dir: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ProviderFileError, match=words):
        read_merchant_file(rewrite(merchant_dir, **changes))


@pytest.mark.parametrize(
    ("content", "words"), [("{", "cannot be read"), ("[]", "one JSON object"), ("\xff", "cannot be")]
)
def test_a_file_that_is_no_json_object_is_named(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "merchant.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ProviderFileError, match=words):
        read_merchant_file(path)


def test_an_absent_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ProviderFileError, match="does not exist: start the sandbox"):
        read_merchant_file(tmp_path / "merchant.json")
