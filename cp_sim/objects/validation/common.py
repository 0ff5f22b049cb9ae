"""Small checks that many kinds share.

Sources: `pkg/apis/core/validation/validation.go`, `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation`,
`staging/src/k8s.io/apimachinery/pkg/util/validation`, and apimachinery's `pkg/util/intstr`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required

Object = dict[str, Any]
NONE: Mapping[str, Any] = {}
NEGATIVE = "must be greater than or equal to 0"
INT32_MAX = 2**31 - 1


def nonnegative(holder: Mapping[str, Any], field: str, at: str, causes: Causes) -> None:
    """A number that may not be negative."""
    value = holder.get(field)
    if value is not None and value < 0:
        causes.append(invalid(f"{at}.{field}", value, NEGATIVE))


def between(low: int, high: int) -> str:
    """The sentence for a number out of its range."""
    return f"must be between {low} and {high}, inclusive"


def dns_label(text: str, at: str, causes: Causes) -> None:
    """An RFC 1123 label, with the sentence's unit as the core kinds word it."""
    for problem in names.dns_label(text):
        causes.append(invalid(at, text, problem))


def dns_subdomain(text: str, at: str, causes: Causes) -> None:
    """An RFC 1123 subdomain."""
    for problem in names.dns_subdomain(text):
        causes.append(invalid(at, text, problem))


def qualified(text: str, at: str, causes: Causes) -> None:
    """A qualified name."""
    for problem in names.qualified_name(text):
        causes.append(invalid(at, text, problem))


def one_of(value: Any, at: str, supported: Iterable[str], causes: Causes, missing: bool = True) -> None:
    """A value from a set; an empty one is required (`missing`) or unsupported."""
    if not value and missing:
        causes.append(required(at))
    elif value not in supported:
        causes.append(not_supported(at, value or "", supported))


def port_number(value: int, at: str, causes: Causes) -> None:
    """A port from 1 to 65535."""
    if not 1 <= value <= 65535:
        causes.append(invalid(at, value, between(1, 65535)))


def port_or_name(value: Any, at: str, causes: Causes) -> None:
    """A port's number or name."""
    if isinstance(value, str):
        for problem in names.port_name(value):
            causes.append(invalid(at, value, problem))
    else:
        port_number(value or 0, at, causes)


def percent_or_number(value: Any, at: str, causes: Causes) -> None:
    """A number from 0, or a percentage."""
    if isinstance(value, str):
        for problem in names.percent(value):
            causes.append(invalid(at, value, problem))
    elif value < 0:
        causes.append(invalid(at, value, NEGATIVE))


def not_over_hundred(value: Any, at: str, causes: Causes) -> None:
    """A percentage up to 100%."""
    if isinstance(value, str) and re.fullmatch("[0-9]+%", value) and int(value[:-1]) > 100:
        causes.append(invalid(at, value, "must not be greater than 100%"))


def scaled(value: Any) -> int:
    """The number of an int-or-percentage for comparison with zero."""
    if isinstance(value, str):
        return int(value[:-1]) if re.fullmatch("[0-9]+%", value) else 0
    return int(value or 0)


def selector(given: Object, at: str, causes: Causes, allow_invalid_values: bool = False) -> None:
    """A wire `LabelSelector`."""
    match = given.get("matchLabels") or NONE
    for key, value in match.items():
        for problem in names.qualified_name(key):
            causes.append(invalid(f"{at}.matchLabels", key, problem))
        if not allow_invalid_values:
            for problem in names.label_value(value):
                causes.append(invalid(f"{at}.matchLabels", value, problem))
    for index, expression in enumerate(given.get("matchExpressions") or ()):
        _expression(expression, f"{at}.matchExpressions[{index}]", causes, allow_invalid_values)


def _expression(expression: Object, at: str, causes: Causes, allow_invalid_values: bool) -> None:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            causes.append(required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            causes.append(forbidden(f"{at}.values", text))
    else:
        causes.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))
    for problem in names.qualified_name(expression.get("key", "")):
        causes.append(invalid(f"{at}.key", expression.get("key", ""), problem))
    if not allow_invalid_values:
        for index, value in enumerate(values):
            for problem in names.label_value(value):
                causes.append(invalid(f"{at}.values[{index}]", value, problem))


def is_empty_selector(given: Object) -> bool:
    """Whether a selector asks for nothing."""
    return not given.get("matchLabels") and not given.get("matchExpressions")


def selector_value(given: Object) -> Object:
    """A selector as Go writes it into a sentence."""
    shown: Object = {}
    if given.get("matchLabels"):
        shown["matchLabels"] = {key: given["matchLabels"][key] for key in sorted(given["matchLabels"])}
    if given.get("matchExpressions"):
        shown["matchExpressions"] = [
            {field: one[field] for field in ("key", "operator", "values") if one.get(field)}
            for one in given["matchExpressions"]
        ]
    return shown


def sorted_map(given: Mapping[str, Any] | None) -> Object | None:
    """A map as Go writes it: keys in order, null for none."""
    return {key: given[key] for key in sorted(given)} if given else None


@lru_cache(maxsize=4096)
def parse_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or None; Go's old parser took leading zeros in IPv4, as the API still does for old objects."""
    if "%" in text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", text, re.ASCII):
            parts = [int(part) for part in text.split(".")]
            if all(part <= 255 for part in parts):
                return ipaddress.ip_address(".".join(map(str, parts)))
        return None


NO_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def is_strict_ip(text: str) -> str:
    """What is wrong with an address where new objects have to write it canonically; empty if nothing."""
    if parse_ip(text) is None:
        return NO_IP
    if re.fullmatch(r"\d+(\.\d+){3}", text) and any(len(part) > 1 and part[0] == "0" for part in text.split(".")):
        return "must not have leading 0s"
    if text.lower().startswith("::ffff:") and "." in text:
        return "must not be an IPv4-mapped IPv6 address"
    return ""


@lru_cache(maxsize=1024)
def parse_cidr(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network, or None."""
    address, slash, bits = text.partition("/")
    parsed = parse_ip(address)
    if not slash or parsed is None or not re.fullmatch(r"\d{1,3}", bits):
        return None
    if (len(bits) > 1 and bits[0] == "0") or int(bits) > parsed.max_prefixlen:
        return None
    return ipaddress.ip_network(f"{parsed}/{bits}", strict=False)


def strict_ip(text: str, at: str, causes: Causes) -> None:
    """An address as new objects have to write it."""
    problem = is_strict_ip(text)
    if problem:
        causes.append(invalid(at, text, problem))


def strict_cidr(text: str, at: str, causes: Causes) -> None:
    """A network as new objects have to write it."""
    network = parse_cidr(text)
    if network is None:
        causes.append(invalid(at, text, NO_CIDR))
        return
    address, _, bits = text.partition("/")
    problem = is_strict_ip(address)
    if problem:
        causes.append(invalid(at, text, problem))
    elif parse_ip(address) != network.network_address:
        text_ = f'must not have bits set beyond the prefix length; should be "{network.network_address}/{bits}"'
        causes.append(invalid(at, text, text_))
