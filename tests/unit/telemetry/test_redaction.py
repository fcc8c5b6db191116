"""What is taken away, and what stays so that a log is still worth reading."""

import pytest

from rotation.domain.secret import SecretText
from rotation.telemetry.redaction import GONE, LONGEST, clean, clean_all, clean_value
from sandbox.entra.documents import secret_text

STAYS = [
    "0f8fad5b-d9cb-469f-a165-70867728950e.01JD0000000000000000000001",
    "rotation.blocked",
    "stopped (credential-limit): the application holds 2 secrets already",
    "func-rotation-abcdefghijklm.azurewebsites.net",
    "https://graph.microsoft.com/v1.0/applications/0f8fad5b-d9cb-469f-a165-70867728950e/addPassword",
    'File "/app/rotation/workflows/rotate.py", line 117, in carry',
    "azure.core.exceptions.ServiceRequestTimeoutError",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "the secret of line default ends in 3 days",
    "ServiceBusNamespaceV2Connection",
]
GOES = [
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJ4In0.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "hvs.CAESIJ5mC4rX0x9Ui2Lk8Qz1Yt7Rw3Vb6Nn0Mm4Kp2Hs",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
]


@pytest.mark.parametrize("text", STAYS)
def test_ids_names_and_places_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("text", GOES)
def test_keys_and_tokens_go(text: str) -> None:
    assert GONE in clean(f"it said {text} then")
    assert text not in clean(f"it said {text} then")


def test_every_secret_of_the_sandbox_goes() -> None:
    assert all(each not in clean(f"a {each} b") for each in (secret_text() for _ in range(500)))


def test_an_address_loses_its_query_and_its_user() -> None:
    assert (
        clean("POST https://u:p@example.com:443/a/b?sig=abc&x=1 failed")
        == f"POST https://example.com:443/a/b?{GONE} failed"
    )


def test_people_go() -> None:
    assert clean("mail to ada.lovelace@contoso.com and x%40y.example") == "mail to <address> and <address>"


def test_the_end_of_a_long_text_is_kept() -> None:
    assert clean("x " * LONGEST + "the end").endswith("the end")


def test_attributes_are_told_as_what_they_are() -> None:
    told = clean_all({"count": 3, "share": 0.5, "complete": True, "none": None, "many": ["a", "b"], "odd": object})
    assert told["count"] == 3
    assert told["complete"] is True
    assert told["many"] == ("a", "b")
    assert "none" not in told
    assert clean_value(SecretText("anything")) == GONE
