"""Link a person to one vault version, the only way in which a value reaches them."""

from urllib.parse import urlsplit

from rotation.domain.delivery import Shipment

PORTALS = {
    ".vault.azure.net": "https://portal.azure.com",
    ".vault.usgovcloudapi.net": "https://portal.azure.us",
    ".vault.azure.cn": "https://portal.azure.cn",
}


def vault_link(shipment: Shipment) -> str:
    """
    Give the portal's page of the version; for a vault that no portal shows, the version's own address.

    The form of the page's address is what people use; no reference documents it. Who opens it signs in there, and
    the vault's own rights decide.
    """
    host = (urlsplit(shipment.vault_url).hostname or "").lower()
    for suffix, portal in PORTALS.items():
        if host.endswith(suffix):
            return f"{portal}/#@{shipment.tenant_id}/asset/Microsoft_Azure_KeyVault/Secret/{shipment.secret_id}"
    return shipment.secret_id
