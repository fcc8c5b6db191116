"""A measured process: the floor. httpx and `json.loads` over the same pages; nothing is validated or decided."""

import json
import os
import ssl

import httpx

from tests.bench.measured import Stopwatch

SELECT = "id,appId,displayName,passwordCredentials,signInAudience,isDisabled,tags,createdByAppId"


def scan() -> dict[str, int]:
    """Read every page, one after the other."""
    root, counts = os.environ["ROTATION_GRAPH_URL"], {"applications": 0, "pages": 0}
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    with httpx.Client(verify=context, headers={"Authorization": f"Bearer {_token(root)}"}, timeout=60) as client:
        url = f"{root}/v1.0/applications?$select={SELECT}&$top=999"
        while url:
            page = json.loads(client.get(url).raise_for_status().content)
            counts["applications"] += len(page["value"])
            counts["pages"] += 1
            url = page.get("@odata.nextLink")
    return counts


def _token(root: str) -> str:
    asked = {"resource": root, "api-version": "2019-08-01", "client_id": os.environ["AZURE_CLIENT_ID"]}
    header = {"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]}
    answer = httpx.get(os.environ["IDENTITY_ENDPOINT"], params=asked, headers=header)
    token: str = answer.raise_for_status().json()["access_token"]
    return token


if __name__ == "__main__":
    watch = Stopwatch()
    watch.tell(counts=scan())
