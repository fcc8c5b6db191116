"""Names of what a deployment is made of, for remedies."""

import os
from urllib.parse import urlsplit

from rotation.ports.surroundings import Place
from rotation.settings import Settings


def place(settings: Settings) -> Place:
    """
    Name the storage account, and the app where App Service says it (`WEBSITE_SITE_NAME`, `WEBSITE_RESOURCE_GROUP`).

    A connection string is not read for it: what is in it is a secret.
    """
    storage = settings.storage
    host = urlsplit(storage.addresses.get("table", "")).hostname or ""
    return Place(
        storage_account=storage.account_name or host.partition(".")[0] or "ACCOUNT",
        resource_group=os.environ.get("WEBSITE_RESOURCE_GROUP", ""),
        function_app=os.environ.get("WEBSITE_SITE_NAME", ""),
        workspaces=tuple(settings.sign_in_workspaces),
    )
