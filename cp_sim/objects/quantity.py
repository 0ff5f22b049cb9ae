"""Exact amounts of resources: `100m`, `1.5Gi`, `2e3`, `0.5`.

A quantity is a whole number of billionths with a notation (decimal suffixes, binary suffixes, exponents) that its
canonical form keeps.  Texts repeat endlessly in a cluster, so parsing is remembered.

*In Kubernetes:* `resource.Quantity` (`staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go`, `amount.go`,
`suffix.go`): what is finer than a billionth is rounded away from zero, binary amounts stop at 2^63-1.
*Simplified:* sums have no int64 overflow to fall back from, they are exact at any size.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cp_sim.sim import immutable

NANO = 10**9
_MILLI_IN_NANO = 10**6
_MAX_BINARY = (2**63 - 1) * NANO

DECIMAL = "DecimalSI"
BINARY = "BinarySI"
EXPONENT = "DecimalExponent"

_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_NAMES = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_BINARY_NAMES = {exponent: suffix for suffix, exponent in _BINARY_SUFFIXES.items()}

_FORM = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_EXPONENT = re.compile(r"[eE]([-+]?[0-9]+)", re.ASCII)

WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
WRONG_SUFFIX = "unable to parse quantity's suffix"
WRONG_NUMBER = "unable to parse numeric part of quantity"


class QuantityError(ValueError):
    """A text is no quantity; the message is the API server's."""


@immutable
class Quantity:
    """An amount: `nano` billionths, the notation it is written in, and its canonical text."""

    nano: int
    notation: str
    text: str

    @property
    def milli(self) -> int:
        """The amount in thousandths, rounded away from zero."""
        return _divide(self.nano, _MILLI_IN_NANO)

    @property
    def value(self) -> int:
        """The amount in units, rounded away from zero."""
        return _divide(self.nano, NANO)

    def __str__(self) -> str:
        return self.text

    def __add__(self, other: Quantity) -> Quantity:
        return of(self.nano + other.nano, self.notation if self.nano else other.notation)

    def __sub__(self, other: Quantity) -> Quantity:
        return of(self.nano - other.nano, self.notation if self.nano else other.notation)

    def __neg__(self) -> Quantity:
        return of(-self.nano, self.notation)


def parse(text: str | int | float | Quantity) -> Quantity:
    """The amount that a JSON string or number means.  *Raises* `QuantityError` with the API server's text."""
    if isinstance(text, Quantity):
        return text
    if isinstance(text, str):
        return _parse(text)
    if isinstance(text, bool) or not isinstance(text, (int, float)):
        raise QuantityError(WRONG_FORMAT)
    return _parse(str(text))


@lru_cache(maxsize=8192)
def _parse(raw: str) -> Quantity:
    text = raw.strip()
    form = _FORM.fullmatch(text)
    if not text or form is None:
        raise QuantityError(WRONG_FORMAT)
    sign, whole, fraction, suffix = form[1], form[2], form[3] or "", form[4]
    base, exponent, notation = _interpret(suffix)
    digits = int((whole + fraction) or "0")
    nano = _scaled(digits, len(fraction), base, exponent)
    if notation == BINARY:
        nano = min(nano, _MAX_BINARY)
        if 0 < nano < NANO:
            notation = DECIMAL
    kept = text if digits and _is_kept(whole, fraction, notation, exponent) else ""
    signed = -nano if sign == "-" else nano
    return Quantity(signed, notation, kept or canonical_text(signed, notation))


def _interpret(suffix: str) -> tuple[int, int, str]:
    """(base, exponent, notation) of a suffix.  *Raises* `QuantityError`."""
    if suffix in _DECIMAL_SUFFIXES:
        return 10, _DECIMAL_SUFFIXES[suffix], DECIMAL
    if suffix in _BINARY_SUFFIXES:
        return 2, _BINARY_SUFFIXES[suffix], BINARY
    power = _EXPONENT.fullmatch(suffix)
    if power is None or not -(2**31) <= int(power[1]) < 2**31:
        raise QuantityError(WRONG_SUFFIX)
    return 10, int(power[1]), EXPONENT


def _scaled(digits: int, places: int, base: int, exponent: int) -> int:
    """Billionths of `digits` with `places` behind the point times base**exponent, rounded up."""
    if base == 2:
        return _divide((digits << exponent) * NANO, 10**places)
    shift = exponent - places + 9
    if digits and shift > 400:
        raise QuantityError(WRONG_NUMBER)
    if shift >= 0:
        return digits * 10**shift
    return _divide(digits, 10**-shift) if shift > -400 else int(digits > 0)


def _is_kept(whole: str, fraction: str, notation: str, exponent: int) -> bool:
    """Whether the real parser keeps the text as it was written, because it takes it for canonical already."""
    digits = (whole or "0") + fraction
    if notation == BINARY:
        fits = 15 - len(whole) - int(exponent * 3 / 10) - 1 >= 0
        return not fraction and fits and exponent % 10 == 0 and int(digits) & 7 != 0
    scale = exponent - len(fraction)
    if len(digits) > 18 or scale < -9:
        return False
    return scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _divide(number: int, by: int) -> int:
    """Division that rounds away from zero."""
    away = -(-abs(number) // by)
    return away if number >= 0 else -away


def canonical_text(nano: int, notation: str) -> str:
    """The canonical form: no fraction, the largest suffix that leaves a whole number."""
    if nano == 0:
        return "0"
    if notation == BINARY and nano % NANO == 0 and abs(nano) >= 1024 * NANO:
        number, power = nano // NANO, 0
        while number % 1024 == 0 and power < 60:
            number, power = number // 1024, power + 10
        return f"{number}{_BINARY_NAMES.get(power, '')}"
    number, power = nano, -9
    while number % 1000 == 0 and (power < 18 or notation == EXPONENT):
        number, power = number // 1000, power + 3
    if notation == EXPONENT:
        return f"{number}e{power}" if power else str(number)
    return f"{number}{_DECIMAL_NAMES[power]}"


def of(nano: int, notation: str = DECIMAL) -> Quantity:
    """The quantity of that many billionths."""
    return Quantity(nano, notation, canonical_text(nano, notation))


def milli(text: str | int | float | Quantity) -> int:
    """The amount in thousandths, rounded up (`Quantity.MilliValue`): `milli("1.5")` is 1500."""
    return parse(text).milli


def value(text: str | int | float | Quantity) -> int:
    """The amount in units, rounded up (`Quantity.Value`): `value("1Ki")` is 1024, `value("1m")` is 1."""
    return parse(text).value


def canonical(text: str | int | float) -> str:
    """The text as the API server writes it back: `canonical("0.5")` is `"500m"`."""
    return parse(text).text


@lru_cache(maxsize=8192)
def _rounded(text: str) -> str:
    amount = _parse(text)
    if amount.nano % _MILLI_IN_NANO == 0:
        return amount.text
    return canonical_text(_divide(amount.nano, _MILLI_IN_NANO) * _MILLI_IN_NANO, amount.notation)


def rounded(text: Any) -> str:
    """The canonical text after rounding up to thousandths, as defaulting does in every resource list.

    *In Kubernetes:* `SetDefaults_ResourceList` in `pkg/apis/core/v1/defaults.go`.
    """
    return _rounded(text if isinstance(text, str) else str(text))


def compare(one: str | int | float, other: str | int | float) -> int:
    """-1, 0 or 1 as `one` is less than, equal to or greater than `other`."""
    left, right = parse(one).nano, parse(other).nano
    return (left > right) - (left < right)
