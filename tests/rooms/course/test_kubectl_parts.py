"""The parts of kubectl that need no cluster: columns, durations, YAML, JSONPath, templates, flags."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cp_sim.course.kubectl import durations, yaml_reader
from cp_sim.course.kubectl.errors import KubectlError, explain_status
from cp_sim.course.kubectl.flags import parse
from cp_sim.course.kubectl.output import gotemplate, jsonpath
from cp_sim.course.kubectl.output.text import to_json, to_yaml
from cp_sim.course.kubectl.tabwriter import align

PODS = {
    "items": [
        {"metadata": {"name": "one", "labels": {"a.b/c": "x"}}, "spec": {"n": 3, "on": True}},
        {"metadata": {"name": "two"}, "spec": {"n": 5}},
    ]
}
TEXT = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126))
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), TEXT)
VALUES = st.recursive(LEAVES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)), max_leaves=15)


def test_a_column_ends_where_a_line_has_none() -> None:
    assert align("a:\tb\nlonger:\tc\n\nd:\te", padding=2) == "a:       b\nlonger:  c\n\nd:  e"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (190, "3m10s"), (3600, "60m"), (4 * 3600 + 300, "4h5m"), (200_000, "2d7h")],
)
def test_ages(seconds: int, shown: str) -> None:
    assert durations.human(seconds * 1000) == shown


@pytest.mark.parametrize(("ms", "shown"), [(8_000, "8s"), (60_000, "1m0s"), (3_600_000, "1h0m0s"), (1_500, "1.5s")])
def test_durations_as_go_prints_them(ms: int, shown: str) -> None:
    assert durations.go_duration(ms) == shown


@given(VALUES)
def test_yaml_that_we_write_reads_back(value: object) -> None:
    assert yaml_reader.read(to_yaml({"key": value})) == {"key": value}


def test_yaml_quotes_as_go_does() -> None:
    written = to_yaml({"a": "y", "b": "1", "c": "*/5 * * * *", "d": "one\ntwo\n", "e": None, "f": "50%"})
    assert written == 'a: "y"\nb: "1"\nc: \'*/5 * * * *\'\nd: |\n  one\n  two\ne: null\nf: 50%\n'


@pytest.mark.parametrize("text", ["a: y", "a: on", "a: No", "a: TRUE"])
def test_old_booleans(text: str) -> None:
    assert isinstance(yaml_reader.read(text)["a"], bool)


@pytest.mark.parametrize("text", ["a: 1:30", "a: 2026-01-01", 'a: "y"', "a: 1.2.3"])
def test_what_stays_text(text: str) -> None:
    assert isinstance(yaml_reader.read(text)["a"], str)


def test_yaml_errors_are_told_as_in_go() -> None:
    with pytest.raises(yaml_reader.YamlError, match="yaml: line 4: found character that cannot start any token"):
        yaml_reader.read("apiVersion: v1\nkind: Pod\nmetadata:\n\tname: x\n")


def test_both_yaml_parsers_tell_the_same() -> None:
    wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n data: [\n"
    told = []
    for loader in {yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)}:
        with pytest.raises(yaml.MarkedYAMLError) as caught:
            yaml.load(wrong, Loader=loader)
        told.append(yaml_reader._go_message(caught.value))
    assert set(told) == {"yaml: line 4: did not find expected key"}


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{.items[*].metadata.name}", "one two"),
        ('{range .items[*]}{.metadata.name}{"\\t"}{.spec.n}{"\\n"}{end}', "one\t3\ntwo\t5\n"),
        ('{.items[?(@.metadata.name=="two")].spec.n}', "5"),
        ("{.items[?(@.spec.n>3)].metadata.name}", "two"),
        ("{.items[0].metadata.labels.a\\.b/c}", "x"),
        ("{.items[-1:].spec.n}", "5"),
        ("{.items[0].spec}", '{"n":3,"on":true}'),
        ("{..name}", "one two"),
        ("{.items[*].nosuch}", ""),
        ("plain {.items[0].spec.on}", "plain true"),
    ],
)
def test_jsonpath(template: str, shown: str) -> None:
    assert jsonpath.render(template, PODS) == shown


def test_jsonpath_that_does_not_end() -> None:
    with pytest.raises(jsonpath.PathError, match="unclosed action"):
        jsonpath.parse("{.bad")


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ('{{range .items}}{{.metadata.name}}{{"\\n"}}{{end}}', "one\ntwo\n"),
        ("{{len .items}}", "2"),
        ("{{range .items}}{{if eq .spec.n 5}}{{.metadata.name}}{{else}}-{{end}}{{end}}", "-two"),
        ('{{(index .items 0).spec.n | printf "%d!"}}', "3!"),
        ("{{.nosuch}}", "<no value>"),
    ],
)
def test_go_templates(template: str, shown: str) -> None:
    assert gotemplate.render(template, PODS) == shown


def test_json_escapes_markup() -> None:
    assert json.loads(to_json({"a": "<&>"})) == {"a": "<&>"}
    assert "<" not in to_json({"a": "<"})


def test_flags_anywhere() -> None:
    words, flags = parse(
        "get", ["pods", "-lapp=web", "-A", "one", "--output", "wide", "-n=shop"], "output:o= selector:l= all:A"
    )
    assert words == ["pods", "one"]
    assert (flags["selector"], flags["all"], flags["output"], flags["namespace"]) == ("app=web", True, "wide", "shop")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-bad"], "unknown shorthand flag: 'b' in -bad"),
        (["-o"], "flag needs an argument: 'o' in -o"),
        (["--count=x"], 'invalid argument "x" for "--count" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (
            ["--all=maybe"],
            'invalid argument "maybe" for "-A, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
        ),
    ],
)
def test_wrong_flags(words: list[str], told: str) -> None:
    with pytest.raises(KubectlError) as caught:
        parse("get", words, "output:o= all:A count=#")
    assert caught.value.text == f"error: {told}\nSee 'kubectl get --help' for usage."


def test_several_causes_stand_on_lines_of_their_own() -> None:
    causes = [{"field": "spec.a", "message": "Required value"}, {"field": "spec.b", "message": "Required value"}]
    status = {"reason": "Invalid", "details": {"name": "x", "kind": "Pod", "causes": causes}}
    assert explain_status(status) == 'The Pod "x" is invalid: \n* spec.a: Required value\n* spec.b: Required value'
