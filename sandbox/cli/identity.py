"""Whom a terminal of the sandbox is signed in as."""

from collections.abc import MutableMapping


def as_administrator(environment: MutableMapping[str, str]) -> None:
    """
    Sign in as the sandbox's administrator, as environment variables do it for every Azure SDK.

    The app's own identity stays known, so that nobody enrols it.
    """
    environment["AZURE_TENANT_ID"] = environment["SANDBOX_TENANT_ID"]
    environment["AZURE_CLIENT_ID"] = environment["SANDBOX_ADMIN_CLIENT_ID"]
    environment["AZURE_CLIENT_SECRET"] = environment["SANDBOX_ADMIN_CLIENT_SECRET"]
    environment["ROTATION_OWN_CLIENT_IDS"] = environment["SANDBOX_APP_CLIENT_ID"]
