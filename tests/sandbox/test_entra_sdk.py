"""Graph of the sandbox, held to platform.md A by Microsoft's own Graph SDK."""

from datetime import UTC, datetime, timedelta

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.default_query_parameters import QueryParameters
from kiota_http.middleware.options import RetryHandlerOption
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.applications.item.add_password.add_password_post_request_body import AddPasswordPostRequestBody
from msgraph.generated.applications.item.remove_password.remove_password_post_request_body import (
    RemovePasswordPostRequestBody,
)
from msgraph.generated.models.application import Application
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.password_credential import PasswordCredential
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.graph_service_client import GraphServiceClient

from sandbox.cloud import Cloud

pytestmark = pytest.mark.sandbox
ONCE: RequestConfiguration[QueryParameters] = RequestConfiguration(
    options=[RetryHandlerOption(max_retries=0, should_retry=False)]
)


async def test_lists_every_application_over_pages(cloud: Cloud, sdk: GraphServiceClient) -> None:
    marker = "paged-by-the-sdk"
    made = {cloud.entra.add_application({"displayName": f"{marker} {n}"}).id for n in range(7)}
    query = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
        select=["id", "appId", "displayName", "passwordCredentials"],
        top=3,
        filter=f"startswith(displayName,'{marker}')",
    )
    page = await sdk.applications.get(RequestConfiguration(query_parameters=query))
    found, pages = [], 0
    while page is not None:
        pages += 1
        found += [application.id for application in page.value or []]
        page = await sdk.applications.with_url(page.odata_next_link).get() if page.odata_next_link else None
    assert sorted(str(i) for i in found) == sorted(made)
    assert pages == 3


async def test_adds_and_removes_a_password(cloud: Cloud, sdk: GraphServiceClient) -> None:
    entry = cloud.entra.add_application({"displayName": "sdk password"})
    end = datetime(2027, 1, 1, tzinfo=UTC)
    body = AddPasswordPostRequestBody(password_credential=PasswordCredential(display_name="rot", end_date_time=end))
    item = sdk.applications.by_application_id(entry.id)
    made = await item.add_password.post(body, ONCE)
    assert made is not None
    assert made.secret_text is not None
    assert len(made.secret_text) == 40
    assert (made.hint, made.end_date_time, made.display_name) == (made.secret_text[:3], end, "rot")

    read = await item.get()
    assert read is not None
    assert [(c.key_id, c.secret_text) for c in read.password_credentials or []] == [(made.key_id, None)]

    await item.remove_password.post(RemovePasswordPostRequestBody(key_id=made.key_id), ONCE)
    [truth] = cloud.entra.minted(entry.current["appId"])
    assert truth.text == made.secret_text
    assert truth.minted_by == truth.removed_by == cloud.admin[0]
    assert entry.current["passwordCredentials"] == []


async def test_end_defaults_to_two_years_after_start(cloud: Cloud, sdk: GraphServiceClient) -> None:
    entry = cloud.entra.add_application()
    made = await sdk.applications.by_application_id(entry.id).add_password.post(AddPasswordPostRequestBody(), ONCE)
    assert made is not None
    assert made.start_date_time is not None
    assert made.end_date_time is not None
    assert made.end_date_time - made.start_date_time >= timedelta(days=730)
    assert abs(made.start_date_time - datetime.now(UTC)) < timedelta(minutes=1)


async def test_removing_an_unknown_key_is_400(cloud: Cloud, sdk: GraphServiceClient) -> None:
    entry = cloud.entra.add_application()
    unknown = "11111111-2222-3333-4444-555555555555"
    with pytest.raises(ODataError) as caught:
        await sdk.applications.by_application_id(entry.id).remove_password.post(
            RemovePasswordPostRequestBody(key_id=unknown),  # type: ignore[arg-type]
            ONCE,
        )
    assert caught.value.response_status_code == 400
    assert caught.value.error is not None
    assert f"No password credential found with keyId {unknown}" in (caught.value.error.message or "")


async def test_unknown_application_is_404_with_request_ids(sdk: GraphServiceClient) -> None:
    with pytest.raises(ODataError) as caught:
        await sdk.applications.by_application_id("11111111-2222-3333-4444-555555555555").get()
    assert caught.value.response_status_code == 404
    assert caught.value.error is not None
    assert caught.value.error.code == "Request_ResourceNotFound"
    assert caught.value.error.inner_error is not None
    assert caught.value.error.inner_error.request_id


async def test_finds_by_app_id_and_by_principal(cloud: Cloud, sdk: GraphServiceClient) -> None:
    entry = cloud.entra.add_application({"displayName": "by app id"})
    found = await sdk.applications_with_app_id(entry.current["appId"]).get()
    principal = await sdk.service_principals_with_app_id(entry.current["appId"]).get()
    assert found is not None
    assert principal is not None
    assert (found.id, found.display_name) == (entry.id, "by app id")
    assert principal.app_id == entry.current["appId"]


async def test_creates_changes_and_deletes(cloud: Cloud, sdk: GraphServiceClient) -> None:
    made = await sdk.applications.post(Application(display_name="made by the sdk", tags=["one"]))
    assert made is not None
    assert made.id is not None
    item = sdk.applications.by_application_id(made.id)
    await item.patch(Application(notes="changed"))
    read = await item.get()
    assert read is not None
    assert (read.notes, read.tags, read.sign_in_audience) == ("changed", ["one"], "AzureADMyOrg")
    await item.delete()
    with pytest.raises(ODataError):
        await item.get()
    assert made.id in cloud.entra.directory.deleted


async def test_owners_are_added_and_listed(cloud: Cloud, sdk: GraphServiceClient) -> None:
    user = cloud.entra.add_user("Olga Owner")
    entry = cloud.entra.add_application({"displayName": "owned"})
    item = sdk.applications.by_application_id(entry.id)
    reference = f"{cloud.urls['graph']}/v1.0/directoryObjects/{user.id}"
    await item.owners.ref.post(ReferenceCreate(odata_id=reference))
    owners = await item.owners.get()
    assert owners is not None
    assert [(type(o).__name__, o.id) for o in owners.value or []] == [("User", user.id)]
    await item.owners.by_directory_object_id(user.id).ref.delete()
    assert entry.owners == []


async def test_a_service_unavailable_is_retried_by_the_sdk_unless_told_not_to(
    cloud: Cloud, sdk: GraphServiceClient
) -> None:
    """The reason for `ONCE` (platform.md A3): an answer lost after the change would mint twice."""
    entry = cloud.entra.add_application()
    cloud.faults.add(
        {"part": "graph", "action": "status", "status": 503, "match": {"method": "POST"}, "retry_after": 0}
    )
    with pytest.raises(ODataError) as caught:
        await sdk.applications.by_application_id(entry.id).add_password.post(AddPasswordPostRequestBody(), ONCE)
    assert caught.value.response_status_code == 503
    assert entry.current["passwordCredentials"] == []
