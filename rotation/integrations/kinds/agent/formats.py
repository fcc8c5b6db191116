"""Which format finds its places how, and what such a place looks like in a configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rotation.integrations.kinds.agent import json_format, line_formats, xml_format
from rotation.integrations.kinds.agent.place import Locate


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How to find a place, and the form of its name with an example."""

    locate: Locate
    form: re.Pattern[str]
    example: str


FORMATS: Mapping[str, Format] = {
    "dotenv": Format(
        locate=line_formats.dotenv, form=re.compile(line_formats.NAME), example="a variable's name, CLIENT_SECRET"
    ),
    "ini": Format(locate=line_formats.ini, form=line_formats.INI_PLACE, example="[section] key"),
    "json": Format(
        locate=json_format.json_text, form=json_format.POINTER, example="a JSON Pointer, /AzureAd/ClientSecret"
    ),
    "xml": Format(
        locate=xml_format.xml_text,
        form=xml_format.PLACE,
        example="/configuration/appSettings/add[@key='ClientSecret']/@value",
    ),
}
