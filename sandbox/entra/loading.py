"""Fill the directory with applications as Graph gives them. Whole tenants: sandbox/tenant/load.py."""

from collections.abc import Iterable, Mapping

from sandbox.entra import dates
from sandbox.entra.directory import Directory
from sandbox.entra.objects import Document, Entry
from sandbox.entra.truth import Minted

LOADER = "before the sandbox"


def load_applications(directory: Directory, documents: Iterable[Document], *, texts: Mapping[str, str]) -> list[Entry]:
    """Add applications; texts by keyId or in `secretText` go to the ground truth and never stay in the object."""
    return [_load_one(directory, document, texts) for document in documents]


def _load_one(directory: Directory, document: Document, texts: Mapping[str, str]) -> Entry:
    for name in ("identifierUris", "keyCredentials", "passwordCredentials", "tags"):
        if document.get(name) is None:
            document[name] = []
    known = [(c, c.get("secretText") or texts.get(c["keyId"])) for c in document["passwordCredentials"]]
    if any(text for _, text in known):
        document["passwordCredentials"] = [
            {**c, "secretText": None, "hint": text[:3] if text else c.get("hint")} for c, text in known
        ]
    entry = directory.applications.add(document, known_everywhere=True)
    for credential, text in known:
        if text:
            directory.truth.add(_minted(directory, entry, credential, text=text))
    return entry


def _minted(directory: Directory, entry: Entry, credential: Mapping[str, str], *, text: str) -> Minted:
    start = dates.parse(credential.get("startDateTime") or "2020-01-01T00:00:00Z")
    return Minted(
        key_id=credential["keyId"],
        app_id=entry.current["appId"],
        object_id=entry.id,
        display_name=credential.get("displayName"),
        start=start,
        end=dates.parse(credential.get("endDateTime") or "2299-12-31T00:00:00Z"),
        minted_by=LOADER,
        minted_at=min(start, directory.clock.now()),
        text=text,
    )
