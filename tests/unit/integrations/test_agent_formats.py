"""One value of a file changes, and every other byte stays."""

import json
import string
from configparser import ConfigParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotation.domain.secret import SecretText
from rotation.integrations.kinds.agent.formats import FORMATS
from rotation.integrations.kinds.agent.place import FileText, NoPlace, Span, held, put

NEW = SecretText("New8Q~x.-_1")
SECRETS = st.text(string.ascii_letters + string.digits + "~._-", min_size=1, max_size=40).map(SecretText)


def written(storage: str, before: str, at: str, secret: SecretText = NEW) -> str | NoPlace:
    assert FORMATS[storage].form.fullmatch(at), at
    after = put(FileText(before), at, secret, locate=FORMATS[storage].locate)
    return after if isinstance(after, NoPlace) else after.read()


def refused(storage: str, before: str, at: str, secret: SecretText = NEW) -> str:
    told = written(storage, before, at, secret)
    assert isinstance(told, NoPlace), told
    assert "0ld" not in told.why
    return told.reason


@pytest.mark.parametrize(
    ("storage", "at", "before"),
    [
        ("dotenv", "S", "S=«0ld»"),
        ("dotenv", "S", "S=«»"),
        ("dotenv", "S", "\ufeff# c\r\nA=1\r\n  export S =  «0ld»  # kept\r\nB=2\r\n"),
        ("dotenv", "S", 'A=\'x\nS=no\n\'\nS="«o\\"ld»"\nB="y\nS=no"\n'),
        ("dotenv", "S", "#S=no\nS='«0ld»' # 'c'\nSS=no\nS.x=no"),
        ("ini", "key", "; c\nkey = «0ld»\n[key]\nkey = no\n"),
        ("ini", "[A b] Key", "[a b]\nkey=no\n[A b]\r\nother: 1\r\n\tkey : «0ld» ; kept\r\n[B]\nkey=no"),
        ("ini", "[A] k", '[A]\nk = "«0ld»"\n'),
        ("json", "/S", '\ufeff{"S": "«o\\"\\u006cd»", "T": "S"}\n'),
        ("json", "/A/1/S", '// S\n{"S": "no", /* "A": */ "A": [{"S": "no"}, {"S"\n:\t"«0ld»",},], }'),
        ("json", "/a~1b/m~0n", '{"a/b": {"m~n": "«0ld»", "n": 1.5e3, "o": [true, false, null, {}, []]}}'),
        ("json", "/A:S", '{"A:S": "«0ld»"}'),
        ("xml", "/c/s", "<?xml version='1.0'?><!-- é --><c>\r\n<s>\n  «0ld»\n</s><t><s>no</s></t></c>"),
        ("xml", "/c/s", "<c><s a='>'>«»</s></c>"),
        ("xml", "/c/a[@k='S']/@v", "<c><a k='T' v='no'/><a  v = \"«o&amp;ld»\"\n k='S'/></c>"),
        ("xml", "/c/a/@v", "<c><a v='«»' w='v=1'/></c>"),
        ("xml", "/n:c/n:s", "\ufeff<n:c xmlns:n='urn:x'><n:s>«0ld»</n:s></n:c>"),
    ],
)
def test_everything_else_stays_byte_for_byte(storage: str, at: str, before: str) -> None:
    lead, _, rest = before.partition("«")
    old, _, tail = rest.partition("»")
    assert written(storage, lead + old + tail, at) == lead + NEW.reveal() + tail


def test_null_takes_a_text() -> None:
    assert written("json", '{"S": null}', "/S") == '{"S": "New8Q~x.-_1"}'


@pytest.mark.parametrize(
    ("storage", "at", "before", "reason"),
    [
        ("dotenv", "S", "T=0ld", "place-not-found"),
        ("dotenv", "S", "S=0ld\nexport S=0ld", "place-ambiguous"),
        ("dotenv", "S", 'T="0ld\nS=0ld', "file-unreadable"),
        ("ini", "k", "[A]\nk=0ld", "place-not-found"),
        ("ini", "[A] k", "[A]\nk=0ld\n[A]\nK=0ld", "place-ambiguous"),
        ("json", "/S", '{"s": "0ld"}', "place-not-found"),
        ("json", "/S", '{"S": {"0ld": 1}}', "place-not-found"),
        ("json", "/S", '{"S": 17}', "place-not-found"),
        ("json", "/S", '{"S": "0ld", "S": "0ld"}', "place-ambiguous"),
        ("json", "/S", '{"S": "0ld"', "file-unreadable"),
        ("json", "/S", '{"S": "0ld} ', "file-unreadable"),
        ("json", "/S", '{"S" "0ld"}', "file-unreadable"),
        ("json", "/S", '{"S": "0ld"} 0ld', "file-unreadable"),
        ("json", "/S", "[" * 100_000, "file-unreadable"),
        ("xml", "/c/s", "<c><s/></c>", "place-not-found"),
        ("xml", "/c/s", "<c><s>0ld<!-- 0ld --></s></c>", "place-not-found"),
        ("xml", "/c/s", "<c><s>0ld</s><s>0ld</s></c>", "place-ambiguous"),
        ("xml", "/c/s/@v", "<c><s>0ld</s></c>", "place-not-found"),
        ("xml", "/c/s", "<c><s>0ld</c>", "file-unreadable"),
        ("xml", "/c/s", "<!DOCTYPE c [<!ENTITY e '0ld'>]><c><s>&e;</s></c>", "file-unreadable"),
    ],
)
def test_what_is_not_exactly_one_place_is_refused(storage: str, at: str, before: str, reason: str) -> None:
    assert refused(storage, before, at) == reason


@pytest.mark.parametrize(
    ("before", "secret"),
    [
        ("S=0ld", "~home"),
        ("S=0ld", "a b"),
        ("S=0ld", "a$b"),
        ('S="0ld"', 'a"b'),
        ('S="0ld"', "a$b"),
        ("S='0ld'", "a'b"),
        ("S='0ld'", "a\nb"),
    ],
)
def test_a_style_that_cannot_hold_the_secret_is_not_guessed_around(before: str, secret: str) -> None:
    assert refused("dotenv", before, "S", SecretText(secret)) == "value-does-not-fit"


def test_what_is_there_is_read_as_the_program_reads_it() -> None:
    def read(storage: str, before: str, at: str) -> SecretText | NoPlace | None:
        return held(FileText(before), at, FORMATS[storage].locate)

    assert read("json", '{"S": "a\\u0062\\n"}', "/S") == SecretText("ab\n")
    assert read("xml", "<c><s> a&amp;b </s></c>", "/c/s") == SecretText("a&b")
    assert read("dotenv", "S='a b' # c", "S") == SecretText("a b")
    assert read("dotenv", "S= # c", "S") is None
    assert isinstance(read("dotenv", "", "S"), NoPlace)


def test_nothing_of_a_file_is_shown() -> None:
    text = FileText("S=0ld")
    span = FORMATS["dotenv"].locate("S=0ld", "S")
    assert isinstance(span, Span)
    assert "0ld" not in repr(text) + repr(span)


@given(SECRETS)
def test_others_read_what_was_written(secret: SecretText) -> None:
    plain = secret.reveal()
    as_json = written("json", '{"A": {"S": "0ld", "T": [1]}}', "/A/S", secret)
    assert json.loads(str(as_json)) == {"A": {"S": plain, "T": [1]}}
    as_xml = written("xml", "<c><a k='S' v='0ld'/><t>1</t></c>", "/c/a[@k='S']/@v", secret)
    tree = ET.fromstring(str(as_xml))  # noqa: S314 - ours
    assert [dict(each.attrib) for each in tree] == [{"k": "S", "v": plain}, {}]
    reader = ConfigParser(interpolation=None)
    as_ini = written("ini", "[A]\ns = 0ld\nt = 1\n", "[A] s", secret)
    if not plain.startswith("~"):
        reader.read_string(str(as_ini))
        assert dict(reader["A"]) == {"s": plain, "t": "1"}


@given(st.sampled_from(sorted(FORMATS)), st.text(st.sampled_from("{}[]<>/\"'=:,#;\\ \n\rSck@!-&1\ufeff"), max_size=60))
def test_whatever_a_file_holds_it_is_read_or_refused(storage: str, before: str) -> None:
    at = {"dotenv": "S", "ini": "S", "json": "/S", "xml": "/c/@S"}[storage]
    span = FORMATS[storage].locate(before, at)
    if isinstance(span, Span):
        after = put(FileText(before), at, NEW, locate=FORMATS[storage].locate)
        if isinstance(after, FileText):
            assert after.read().startswith(before[: span.start])
            assert after.read().endswith(before[span.end :])
