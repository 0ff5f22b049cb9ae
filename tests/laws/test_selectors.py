"""Laws of selectors: printing and parsing are inverse, and matching is what the words say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cp_sim.objects import selectors
from cp_sim.objects.selectors import LabelSelector, Requirement

keys = st.sampled_from(["app", "tier", "in", "notin", "example.com/zone", "a.b-c_d"])
values = st.sampled_from(["", "web", "db", "in", "notin", "1", "2.5", "A_b"])
whole = st.integers(-5, 5).map(str)
requirements = st.one_of(
    st.tuples(keys, st.sampled_from(["=", "==", "!="]), st.tuples(values)),
    st.tuples(
        keys, st.sampled_from(["in", "notin"]), st.sets(values, min_size=1).map(lambda some: tuple(sorted(some)))
    ),
    st.tuples(keys, st.sampled_from(["exists", "!"]), st.just(())),
    st.tuples(keys, st.sampled_from(["gt", "lt"]), st.tuples(st.integers(0, 9).map(str))),
).map(lambda parts: Requirement(*parts))
chosen = st.lists(requirements, max_size=4).map(
    lambda some: LabelSelector(tuple(sorted(some, key=lambda one: one.key)))
)
labels = st.dictionaries(keys, st.one_of(values, whole))


@given(chosen)
def test_a_printed_selector_parses_to_itself(selector: LabelSelector) -> None:
    assert selectors.parse_labels(str(selector)) == selector


@given(chosen, labels)
def test_a_selector_matches_when_all_its_requirements_do(selector: LabelSelector, found: dict[str, str]) -> None:
    assert selector.matches(found) == all(_plainly(one, found) for one in selector.requirements)


def _plainly(one: Requirement, found: dict[str, str]) -> bool:
    """The meaning of a requirement, spelled out."""
    has, value = one.key in found, found.get(one.key, "")
    if one.operator in ("gt", "lt"):
        if not has or not value.lstrip("-").isdigit():
            return False
        return int(value) > int(one.values[0]) if one.operator == "gt" else int(value) < int(one.values[0])
    return {
        "=": has and value in one.values,
        "==": has and value in one.values,
        "in": has and value in one.values,
        "!=": not (has and value in one.values),
        "notin": not (has and value in one.values),
        "exists": has,
        "!": not has,
    }[one.operator]


wire = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": st.dictionaries(keys, values, max_size=2),
        "matchExpressions": st.lists(
            st.one_of(
                st.fixed_dictionaries(
                    {"key": keys, "operator": st.sampled_from(["In", "NotIn"]), "values": st.lists(values, min_size=1)}
                ),
                st.fixed_dictionaries({"key": keys, "operator": st.sampled_from(["Exists", "DoesNotExist"])}),
            ),
            max_size=3,
        ),
    },
)


@given(wire, labels)
def test_the_wire_s_selector_and_its_text_select_the_same(selector: dict, found: dict[str, str]) -> None:  # type: ignore[type-arg]
    by_wire = selectors.matches(selector, found)
    parsed = selectors.of_wire(selector)
    assert parsed.matches(found) == by_wire
    assert selectors.parse_labels(str(parsed)).matches(found) == by_wire


@given(labels)
def test_none_selects_nothing_and_empty_everything(found: dict[str, str]) -> None:
    assert not selectors.matches(None, found)
    assert selectors.matches({}, found)
    assert selectors.parse_labels("").matches(found)


fields = st.lists(
    st.tuples(
        st.sampled_from(["metadata.name", "spec.nodeName", "status.phase"]),
        st.sampled_from(["=", "!="]),
        st.text(alphabet="ab,=\\ ", max_size=5),
    ),
    max_size=3,
)


@given(fields)
def test_a_printed_field_selector_parses_to_itself(parts: list[tuple[str, str, str]]) -> None:
    selector = selectors.FieldSelector(tuple(selectors.FieldRequirement(*part) for part in parts))
    assert selectors.parse_fields(str(selector)) == selector


@given(st.text(alphabet="ab!=<>(), in", max_size=12))
def test_any_text_parses_or_is_refused_in_words(text: str) -> None:
    try:
        selector = selectors.parse_labels(text)
    except selectors.SelectorError as problem:
        said = str(problem)
    else:
        said = "a selector"
        assert selectors.parse_labels(str(selector)) == selector
    assert said


def test_the_law_notices_a_wrong_negation() -> None:
    """The control: `!=` that asks for the key to be there breaks the law of matching."""
    requirement = Requirement("app", "!=", ("web",))
    found: dict[str, str] = {"tier": "db"}
    wrong = "app" in found and found.get("app") not in requirement.values
    assert requirement.matches(found)
    assert _plainly(requirement, found) != wrong
