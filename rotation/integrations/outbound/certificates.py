"""Certificate authorities in settings; they are public."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from tempfile import NamedTemporaryFile
from typing import Annotated

import httpx
from pydantic import AfterValidator


def _certificates(text: str) -> str:
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise ValueError("holds no certificate in PEM (-----BEGIN CERTIFICATE-----)") from None
    return text


type Certificates = Annotated[str, AfterValidator(_certificates)]
"""One or more certificates in PEM."""


@contextmanager
def roots_file(certificates: str | None) -> Iterator[str]:
    """Give a file of *certificates*, or of the roots that HTTPS trusts, to libraries that take no other form."""
    with NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
        file.write(certificates or _usual_roots())
        file.flush()
        yield file.name


@cache
def _usual_roots() -> str:
    found = httpx.create_ssl_context().get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, found))
