"""Signatures and encryption: documented examples, and properties that hold for every input."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from kaibo.sandbox.wechatpay import crypto
from kaibo.trade.payment.wechatpay import signature

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
line = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60)
APIV3_KEY = b"0123456789abcdefghijklmnopqrstuv"


def test_the_documented_request_is_signed_over_the_documented_lines() -> None:
    message = signature.request_message(
        "GET", "/v3/certificates", "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242", b""
    )
    assert message == b"GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AFEB40B4A08C8FB242\n\n"


def test_the_documented_answer_is_signed_over_the_documented_lines() -> None:
    body = b'{"data":[]}'
    assert signature.answer_message("1554209980", "c5ac7061fccab6bf3e254dcf98995b8c", body) == (
        b'1554209980\nc5ac7061fccab6bf3e254dcf98995b8c\n{"data":[]}\n'
    )


def test_the_authorization_header_has_the_documented_shape() -> None:
    header = signature.authorization(
        mchid="1900009191", serial_no="1DDE55AD", timestamp="1554208460", nonce="593BEC", signature="uOVR+/=="
    )
    assert header == (
        'WECHATPAY2-SHA256-RSA2048 mchid="1900009191",nonce_str="593BEC",signature="uOVR+/==",'
        'timestamp="1554208460",serial_no="1DDE55AD"'
    )


@given(line, line, line, line, st.binary(max_size=200))
def test_a_request_message_can_be_taken_apart_in_one_way_only(
    method: str, target: str, timestamp: str, nonce: str, body: bytes
) -> None:
    message = signature.request_message(method, target, timestamp, nonce, body)
    *fields, rest = message.split(b"\n", 4)
    assert [field.decode() for field in fields] == [method, target, timestamp, nonce]
    assert rest == body + b"\n"


@given(line, line, st.binary(max_size=200))
def test_an_answer_message_can_be_taken_apart_in_one_way_only(timestamp: str, nonce: str, body: bytes) -> None:
    first, second, rest = signature.answer_message(timestamp, nonce, body).split(b"\n", 2)
    assert (first.decode(), second.decode(), rest) == (timestamp, nonce, body + b"\n")


@given(st.integers(0, 3), line, line)
def test_a_line_feed_in_a_field_is_refused(place: int, before: str, after: str) -> None:
    fields = ["GET", "/v3", "1", "n"]
    fields[place] = f"{before}\n{after}"
    with pytest.raises(ValueError, match="line feed"):
        signature.request_message(fields[0], fields[1], fields[2], fields[3], b"")


@settings(max_examples=40, deadline=None)
@given(line, line, line, line, st.binary(max_size=200))
def test_both_sides_written_apart_agree_on_every_message(
    method: str, target: str, timestamp: str, nonce: str, body: bytes
) -> None:
    signed = signature.sign(KEY, signature.request_message(method, target, timestamp, nonce, body))
    assert crypto.verify_parts(KEY.public_key(), signed, method, target, timestamp, nonce, body)
    back = crypto.sign_parts(KEY, timestamp, nonce, body)
    assert signature.is_signed(KEY.public_key(), signature.answer_message(timestamp, nonce, body), back)
    assert not signature.is_signed(OTHER_KEY.public_key(), signature.answer_message(timestamp, nonce, body), back)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_signature_fits_no_other_message(message: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(message) - 1))
    other = message[:place] + bytes([message[place] ^ data.draw(st.integers(1, 255))]) + message[place + 1 :]
    signed = signature.sign(KEY, message)
    assert signature.is_signed(KEY.public_key(), message, signed)
    assert not signature.is_signed(KEY.public_key(), other, signed)


@given(st.text(max_size=400))
def test_any_text_in_place_of_a_signature_is_simply_wrong(text: str) -> None:
    assert not signature.is_signed(KEY.public_key(), b"message", text)


@given(st.binary(max_size=300), st.sampled_from(["transaction", "refund", "certificate", ""]))
def test_what_the_platform_seals_we_open(plain: bytes, purpose: str) -> None:
    box = crypto.seal(APIV3_KEY.decode(), plain, purpose)
    sealed = {"nonce": box["nonce"], "associated_data": box["associated_data"], "ciphertext": box["ciphertext"]}
    assert signature.decrypt(APIV3_KEY, **sealed) == plain
    with pytest.raises(ValueError, match="does not open"):
        signature.decrypt(APIV3_KEY[::-1], **sealed)
    with pytest.raises(ValueError, match="does not open"):
        signature.decrypt(APIV3_KEY, **(sealed | {"associated_data": purpose + "x"}))


@given(st.text(max_size=60), st.text(max_size=60))
def test_garbage_in_place_of_a_sealed_box_is_a_value_error(nonce: str, ciphertext: str) -> None:
    with pytest.raises(ValueError):
        signature.decrypt(APIV3_KEY, nonce=nonce, associated_data="", ciphertext=ciphertext)


def test_a_box_sealed_by_another_implementation_opens() -> None:
    sealed = AESGCM(APIV3_KEY).encrypt(b"fdasflkja484", "开播".encode(), b"transaction")
    box = {"nonce": "fdasflkja484", "associated_data": "transaction", "ciphertext": base64.b64encode(sealed).decode()}
    assert signature.decrypt(APIV3_KEY, **box).decode() == "开播"
