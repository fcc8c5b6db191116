"""
A measured process: the same pages through msgraph-sdk's own paging and models, as its documentation shows it.

The argument says after how many pages to stop; the cost grows with the pages, and they are alike.
"""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta

from azure.identity.aio import ManagedIdentityCredential
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.models.application import Application
from msgraph.graph_service_client import GraphServiceClient

from rotation.adapters.graph.listing import SELECT_LISTED
from tests.bench.measured import Stopwatch


async def scan(most_pages: int) -> dict[str, int]:
    """Read and find what ends within 60 days; give the counts."""
    root = os.environ["ROTATION_GRAPH_URL"]
    query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
        select=SELECT_LISTED.split(","), top=999
    )
    counts = {"applications": 0, "ending": 0, "pages": 0}
    async with ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"]) as credential:
        client = GraphServiceClient(credential, scopes=[f"{root}/.default"])
        client.request_adapter.base_url = f"{root}/v1.0"
        page = await client.applications.get(RequestConfiguration(query_parameters=query))
        while page is not None:
            counts["pages"] += 1
            counts["applications"] += len(page.value or ())
            counts["ending"] += sum(_ends_soon(application) for application in page.value or ())
            if not page.odata_next_link or counts["pages"] == most_pages:
                break
            page = await client.applications.with_url(page.odata_next_link).get()
    return counts


def _ends_soon(application: Application) -> int:
    soon = datetime.now(UTC) + timedelta(days=60)
    ends = [credential.end_date_time for credential in application.password_credentials or ()]
    return sum(end is not None and end < soon for end in ends)


if __name__ == "__main__":
    watch = Stopwatch()
    watch.tell(counts=asyncio.run(scan(int(sys.argv[1]))))
