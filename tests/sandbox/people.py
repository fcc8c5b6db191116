"""Our app behind App Service's sign-in of the sandbox, and a browser in which somebody has signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sandbox.cloud import Cloud
from sandbox.entra.sign_in_site import stands_at
from sandbox.host.process import HostProcess
from sandbox.storage import Azurite

ROOT = Path(__file__).parents[2]
NEVER = "0 0 0 1 1 *"


def app_settings(cloud: Cloud, azurite: Azurite) -> dict[str, str]:
    """What an operator sets; no timer runs by itself."""
    return cloud.environment() | {
        "AzureWebJobsStorage__blobServiceUri": azurite.blob_url,
        "AzureWebJobsStorage__queueServiceUri": azurite.queue_url,
        "AzureWebJobsStorage__tableServiceUri": azurite.table_url,
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": cloud.app[0],
        "ROTATION_VERIFY_VAULT_CHALLENGE": "false",
        "SCAN_SCHEDULE": NEVER,
        "WEEKLY_SCHEDULE": NEVER,
        "DIGEST_SCHEDULE": NEVER,
        "RECOVER_SCHEDULE": NEVER,
    }


@contextmanager
def app_with_sign_in(cloud: Cloud, settings: dict[str, str], client_id: str, folder: Path) -> Iterator[HostProcess]:
    """Run the app; people come in by the application *client_id*."""
    told = {"client": client_id, "authority": cloud.urls["authority"], "tenant": cloud.tenant_id}
    arguments = tuple(f"--sign-in-{name}={value}" for name, value in told.items())
    with HostProcess(ROOT, settings, folder=folder, arguments=arguments) as running:
        stands_at(cloud.entra, client_id, running.url)
        yield running


def sign_in(client: httpx.Client, name: str, cloud: Cloud) -> None:
    """Sign somebody in, as a browser does that follows where it is sent."""
    mail = f"{'.'.join(name.lower().split())}@{cloud.entra.directory.default_domain}"
    asked = {"login_hint": mail, "post_login_redirect_uri": "/.auth/me"}
    answer = client.get("/.auth/login/aad", params=asked, follow_redirects=True)
    assert answer.json()[0]["user_id"] == mail
