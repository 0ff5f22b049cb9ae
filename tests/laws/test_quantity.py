"""Laws of quantities, against exact fractions."""

from __future__ import annotations

import re
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cp_sim.objects import quantity

_POWERS = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1), "k": Fraction(10**3),
    "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12), "P": Fraction(10**15), "E": Fraction(10**18),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40), "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}  # fmt: skip
_NANO = Fraction(1, 10**9)


def exact(text: str) -> Fraction:
    """What a quantity's text means, by schoolbook arithmetic."""
    found = re.fullmatch(r"([+-]?)([0-9]*)\.?([0-9]*)([A-Za-z]*)([-+]?[0-9]*)", text)
    assert found is not None, text
    sign, whole, fraction, suffix, power = found.groups()
    digits = Fraction(int((whole + fraction) or "0"), 10 ** len(fraction))
    scale = Fraction(10) ** int(power) if power else _POWERS[suffix]
    return (-digits if sign == "-" else digits) * scale


def away(number: Fraction) -> int:
    """The whole number next to `number`, away from zero."""
    up = -((-abs(number.numerator)) // number.denominator)
    return up if number >= 0 else -up


numbers = st.tuples(
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**15).map(str),
    st.one_of(st.just(""), st.integers(0, 10**6).map(lambda number: f".{number}")),
)
texts = st.one_of(
    st.tuples(numbers, st.sampled_from(sorted(_POWERS))).map(lambda parts: "".join(parts[0]) + parts[1]),
    st.tuples(numbers, st.sampled_from("eE"), st.integers(-12, 12)).map(
        lambda parts: "".join(parts[0]) + parts[1] + str(parts[2])
    ),
)


def meant(text: str) -> Fraction:
    """`exact`, rounded away from zero to billionths and, for binary amounts, not above 2^63-1."""
    number = exact(text)
    number = Fraction(away(number / _NANO)) * _NANO
    if text.endswith("i"):
        limit = Fraction(2**63 - 1)
        number = max(min(number, limit), -limit)
    return number


@given(texts)
def test_a_quantity_is_the_fraction_it_spells(text: str) -> None:
    assert Fraction(quantity.parse(text).nano, 10**9) == meant(text)


@given(texts)
def test_milli_and_value_round_away_from_zero(text: str) -> None:
    parsed = quantity.parse(text)
    assert parsed.milli == away(meant(text) * 1000)
    assert parsed.value == away(meant(text))


@given(texts)
def test_the_canonical_text_means_the_same_and_is_its_own(text: str) -> None:
    canonical = quantity.canonical(text)
    assert quantity.parse(canonical).nano == quantity.parse(text).nano
    assert quantity.canonical(canonical) == canonical


@given(texts, texts)
def test_sums_are_exact(one: str, other: str) -> None:
    total = quantity.parse(one) + quantity.parse(other)
    assert Fraction(total.nano, 10**9) == meant(one) + meant(other)
    assert quantity.parse(total.text).nano == total.nano or abs(total.nano) > (2**63 - 1) * 10**9  # where reading stops
    assert (total - quantity.parse(other)).nano == quantity.parse(one).nano


@given(texts, texts)
def test_comparison_is_that_of_fractions(one: str, other: str) -> None:
    left, right = meant(one), meant(other)
    assert quantity.compare(one, other) == (left > right) - (left < right)


@given(st.text(alphabet="0123456789.+-eEinumkKMGTPx ", max_size=12))
def test_any_text_is_a_quantity_or_refused_in_words(text: str) -> None:
    try:
        said = quantity.parse(text).text
    except quantity.QuantityError as problem:
        said = str(problem)
        known = (quantity.WRONG_FORMAT, quantity.WRONG_SUFFIX, quantity.WRONG_NUMBER)
    else:
        known = (said,)
    assert said
    assert said in known


def test_the_law_notices_floating_point() -> None:
    """The control: arithmetic on floats breaks the first law."""
    broken = []
    for text in ("0.1", "0.3", "1.1Ki", "9007199254740993"):
        by_float = Fraction(float(text.removesuffix("Ki")) * (1024 if text.endswith("Ki") else 1))
        if by_float != meant(text):
            broken.append(text)
        assert Fraction(quantity.parse(text).nano, 10**9) == meant(text)
    assert len(broken) >= 3
