"""Two customers of one provider: two tenants, two deployments, two sandboxes at once. Nothing of one is with the other."""

import re
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.data.tables import TableServiceClient
from icalendar import Calendar

from sandbox.cloud import Cloud
from sandbox.running.world import World

pytestmark = pytest.mark.real

NEVER = "0 0 0 1 1 *"
CONFIGURATION = """
audiences:
  people: {mail: [people@contoso.example]}
reminders: {fallback: people, sender: rotation@contoso.example}
policies:
  - {name: everybody, select: {everything: true}, audience: people, mode: monitor}
"""
WITHIN = 180


@dataclass(frozen=True, slots=True)
class Customer:
    """One tenant with its own deployment."""

    world: World
    object_id: str
    key_id: str
    ends: datetime

    @property
    def tenant(self) -> str:
        return self.world.cloud.tenant_id

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.world.cloud.ca_file)

    def ask(self, path: str, *, method: str = "GET", key: str | None = None) -> httpx.Response:
        headers = {"x-functions-key": self.world.host.function_key if key is None else key}
        body: dict[str, str] | None = {} if method == "POST" else None
        url = f"{self.world.url}/api/{path}"
        return httpx.request(method, url, headers=headers, verify=self.context(), timeout=120, json=body)

    def calendar(self) -> str:
        (told,) = self.ask("calendars").json()["calendars"]
        return str(told["address"]).removeprefix("/api/")

    def everything_kept(self) -> str:
        """Give all that its storage holds, as one text."""
        kept = []
        with TableServiceClient.from_connection_string(
            self.world.storage.connection_string, connection_verify=self.world.cloud.ca_file
        ) as service:
            for table in service.list_tables():
                kept += [str(dict(row)) for row in service.get_table_client(table.name).list_entities()]
        return "\n".join(kept)


def _begin(number: int) -> Customer:
    settings = {"SCAN_SCHEDULE": NEVER, "WEEKLY_SCHEDULE": NEVER, "DIGEST_SCHEDULE": NEVER, "RECOVER_SCHEDULE": NEVER}
    world = World(settings=settings, cloud=Cloud(vaults=1))
    world.start_cloud()
    made = world.cloud.entra.add_application({"displayName": f"Application of customer {number}"})
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10 * number)
    secret = world.cloud.entra.add_secret(made.current["appId"], display_name="by hand", end=ends)
    world.write_config(CONFIGURATION)
    world.start_storage()
    world.start_host()
    return Customer(world, str(made.current["id"]), str(secret["keyId"]), ends)


@pytest.fixture(scope="module")
def customers() -> Iterator[tuple[Customer, Customer]]:
    """Both, started side by side and scanned once."""
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(_begin, (1, 2))
    try:
        for customer in (first, second):
            asked = customer.ask("scans", method="POST").json()
            _until_complete(customer, asked["scan"])
        yield first, second
    finally:
        first.world.stop()
        second.world.stop()


def _until_complete(customer: Customer, scan: str) -> None:
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        told: dict[str, Any] = customer.ask(f"scans/{scan}").json()
        if told.get("finished_at"):
            assert told["complete"], told
            return
        time.sleep(0.3)
    raise AssertionError(f"the scan of {customer.tenant} did not end")


def test_figures_are_read_together_and_say_whose_they_are(customers: tuple[Customer, Customer]) -> None:
    together: dict[str, dict[str, float]] = {}
    for customer in customers:
        told = customer.ask("metrics").text
        (tenant,) = re.findall(r'^rotation_deployment{tenant="([^"]+)",version="[^"]+"} 1$', told, re.MULTILINE)
        ends = re.findall(r'^rotation_next_end_timestamp_seconds{whose="(\w+)"} (\S+)$', told, re.MULTILINE)
        together[tenant] = {whose: float(value) for whose, value in ends}
    assert set(together) == {customer.tenant for customer in customers}
    for customer in customers:
        midnight = customer.ends.replace(hour=0, minute=0, second=0)
        assert together[customer.tenant]["unmanaged"] == midnight.timestamp(), "to the day"


def test_calendars_are_read_together_and_no_entry_is_taken_for_anothers(customers: tuple[Customer, Customer]) -> None:
    uids: list[str] = []
    for customer in customers:
        calendar = Calendar.from_ical(customer.ask(customer.calendar(), key="").content)
        assert customer.tenant in str(calendar["x-wr-caldesc"])
        entries = [str(event["uid"]) for event in calendar.walk("VEVENT")]
        assert f"{customer.key_id}@rotation" in entries
        uids += entries
    assert len(uids) == len(set(uids))


def test_a_key_and_an_address_of_one_open_nothing_of_the_other(customers: tuple[Customer, Customer]) -> None:
    for one, other in (customers, customers[::-1]):
        assert other.ask("metrics", key=one.world.host.function_key).status_code == 401
        assert other.ask(one.calendar(), key="").status_code == 401


def test_nothing_of_one_is_kept_by_the_other(customers: tuple[Customer, Customer]) -> None:
    for one, other in (customers, customers[::-1]):
        kept = one.everything_kept()
        assert one.key_id in kept
        for foreign in (other.object_id, other.key_id, other.tenant):
            assert foreign not in kept


def test_an_identity_of_one_is_nobody_in_the_other(customers: tuple[Customer, Customer]) -> None:
    for one, other in (customers, customers[::-1]):
        urls = one.world.cloud.urls
        form = {
            "grant_type": "client_credentials",
            "client_id": one.world.cloud.app[0],
            "client_secret": one.world.cloud.app[1],
            "scope": f"{urls['graph']}/.default",
        }
        where = f"{urls['authority']}/{one.tenant}/oauth2/v2.0/token"
        token = httpx.post(where, data=form, verify=one.context()).json()["access_token"]
        for name, path in (("graph", "/v1.0/applications"), ("vault", "/secrets?api-version=7.4")):
            there = f"{other.world.cloud.urls[name]}{path}"
            headers = {"authorization": f"Bearer {token}"}
            assert httpx.get(there, headers=headers, verify=other.context()).status_code == 401, name
        elsewhere = f"{other.world.cloud.urls['authority']}/{other.tenant}/oauth2/v2.0/token"
        assert httpx.post(elsewhere, data=form, verify=other.context()).status_code in {400, 401}
