# ruff: noqa: INP001  # a script beside the shell scripts that call it, not a package
"""What the deployed app consists of, as CycloneDX and as a page; see .ci/sbom."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parents[1]
SITE = ROOT / ".venv/lib/python3.13/site-packages"
SBOM, PAGE = ROOT / "sbom.cdx.json", ROOT / "docs/licences.md"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)
WORDS = {
    "apache": "Apache-2.0",
    "mit": "MIT",
    "bsd": "BSD",
    "isc": "ISC",
    "mozilla": "MPL-2.0",
    "mpl": "MPL-2.0",
    "python software": "PSF-2.0",
    "lgpl": "LGPL",
    "lesser general": "LGPL",
    "epl-2.0": "EPL-2.0 OR GPL-2.0-or-later",
}
"""What older metadata calls a licence, and which one that is; the first that fits."""


@dataclass(frozen=True)
class Part:
    """One package that is deployed."""

    name: str
    version: str
    licence: str


def parts() -> Iterator[Part]:
    """Read the pins; a package that only another system installs has no licence to read here."""
    installed = {_plain(each.name): each for each in distributions(path=[str(SITE)])}
    for name, version in PINNED.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")):
        found = installed.get(_plain(name))
        if found is not None and found.version != version:
            sys.exit(f"sbom: .venv has {name} {found.version}, requirements.txt {version}: run `make check` first")
        yield Part(name, version, _licence(found) if found else "not installed here")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(found: Distribution) -> str:
    """Give the SPDX expression; of older metadata, the licence that its words name."""
    told = found.metadata
    if expression := told.get("License-Expression"):
        return expression
    classified = [each.split(" :: ")[-1] for each in told.get_all("Classifier", []) if each.startswith("License ::")]
    words = "; ".join([*classified, (told.get("License") or "").splitlines()[0] if told.get("License") else ""]).lower()
    return next((name for word, name in WORDS.items() if word in words), words.strip("; ") or "unknown")


def sbom(found: list[Part]) -> str:
    """Give the document; it bears no time and no random number, so that a change is a change."""
    bom = Bom()
    for part in found:
        url = PackageURL("pypi", None, _plain(part.name), part.version)
        licences = [] if part.licence.startswith("not ") else [DisjunctiveLicense(name=part.licence)]
        bom.components.add(
            Component(
                type=ComponentType.LIBRARY,
                name=part.name,
                version=part.version,
                purl=url,
                bom_ref=str(url),
                licenses=licences,
            )
        )
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    text = re.sub(r',?\s*"timestamp": "[^"]*"', "", text)
    return re.sub(r'\s*"serialNumber": "[^"]*",', "", text) + "\n"


def page(found: list[Part]) -> str:
    """Give the page."""
    rows = "\n".join(f"| {part.name} | {part.version} | {part.licence} |" for part in found)
    head = "What the deployed app consists of: made by `make sbom` from requirements.txt; machines read sbom.cdx.json."
    return f"# Licences\n\n{head}\n\n| package | version | licence |\n|---|---|---|\n{rows}\n"


def main() -> None:
    """Write both, or compare."""
    found = sorted(parts(), key=lambda part: part.name.lower())
    wanted = {SBOM: sbom(found), PAGE: page(found)}
    if "--check" not in sys.argv:
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
        return
    stale = [
        path.name for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if stale:
        sys.exit(f"sbom: {', '.join(stale)}: not what requirements.txt says; `make sbom` writes them again")


main()
