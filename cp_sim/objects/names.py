"""What names, labels and the other small texts of the API have to look like, with the sentences that say so.

Each function returns what is wrong, an empty tuple where nothing is.  The same names are checked over and over, so the
answers are remembered.

Sources: `staging/src/k8s.io/apimachinery/pkg/api/validate/content/{dns,kube,identifier,path}.go`,
`pkg/util/validation/validation.go`, `pkg/api/validation/generic.go` there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

Problems = tuple[str, ...]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_SUBDOMAIN_SHOWN = _LABEL + "(\\." + _LABEL + ")*"
_LABEL1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_KEY})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_HTTP_HEADER = "[-A-Za-z0-9]+"
_PERCENT = "[0-9]+%"

_label = re.compile(_LABEL)
_subdomain = re.compile(_SUBDOMAIN)
_label1035 = re.compile(_LABEL1035)
_key = re.compile(_KEY)
_value = re.compile(_VALUE)
_config_key = re.compile(_CONFIG_KEY)
_c_identifier = re.compile(_C_IDENTIFIER)
_http_header = re.compile(_HTTP_HEADER)
_percent = re.compile(_PERCENT)
_wildcard = re.compile(r"\*\." + _SUBDOMAIN)

_KEY_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
EMPTY = "must be non-empty"


def size(text: str) -> int:
    """The length in bytes, as Go counts it."""
    return len(text) if text.isascii() else len(text.encode())


def regex_error(message: str, regex: str, *examples: str) -> str:
    """The sentence for a text that does not match, with examples of what would."""
    if not examples:
        return f"{message} (regex used for validation is '{regex}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{regex}')"


def too_long(limit: int, unit: str = "bytes") -> str:
    """The sentence for a text that is too long."""
    return f"must be no more than {limit} {unit}"


@lru_cache(maxsize=16384)
def dns_label(text: str, unit: str = "characters") -> Problems:
    """RFC 1123 label: at most 63 of a-z, 0-9 and `-`."""
    found = [too_long(63, unit)] if size(text) > 63 else []
    if not _label.fullmatch(text):
        if _subdomain.fullmatch(text):
            found.append("must not contain dots")
        else:
            found.append(
                regex_error(
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                    "start and end with an alphanumeric character",
                    _LABEL,
                    "my-name",
                    "123-abc",
                )
            )
    return tuple(found)


@lru_cache(maxsize=16384)
def dns_subdomain(text: str, unit: str = "characters") -> Problems:
    """RFC 1123 subdomain: labels joined by dots, at most 253 characters."""
    found = [too_long(253, unit)] if size(text) > 253 else []
    if not _subdomain.fullmatch(text):
        found.append(
            regex_error(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                "must start and end with an alphanumeric character",
                _SUBDOMAIN_SHOWN,
                "example.com",
            )
        )
    return tuple(found)


@lru_cache(maxsize=4096)
def dns1035_label(text: str, unit: str = "characters") -> Problems:
    """RFC 1035 label: as a DNS label, beginning with a letter."""
    found = [too_long(63, unit)] if size(text) > 63 else []
    if not _label1035.fullmatch(text):
        found.append(
            regex_error(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                "character, and end with an alphanumeric character",
                _LABEL1035,
                "my-name",
                "abc-123",
            )
        )
    return tuple(found)


@lru_cache(maxsize=1024)
def wildcard_subdomain(text: str) -> Problems:
    """A subdomain behind `*.`."""
    found = [too_long(253, "characters")] if size(text) > 253 else []
    if not _wildcard.fullmatch(text):
        found.append(
            regex_error(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
                "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                r"\*\." + _SUBDOMAIN_SHOWN,
                "*.example.com",
            )
        )
    return tuple(found)


@lru_cache(maxsize=16384)
def qualified_name(text: str) -> Problems:
    """A label key: a name of at most 63 characters, with an optional DNS subdomain and `/` before it."""
    found: list[str] = []
    parts = text.split("/")
    if len(parts) > 2:
        return (
            "a valid label key "
            + regex_error(_KEY_RULE, _KEY, "MyName", "my.name", "123-abc")
            + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        )
    name = parts[-1]
    if len(parts) == 2:
        if not parts[0]:
            found.append("prefix part " + EMPTY)
        else:
            found += ["prefix part " + problem for problem in dns_subdomain(parts[0], "bytes")]
    if not name:
        found.append("name part " + EMPTY)
    elif size(name) > 63:
        found.append("name part " + too_long(63))
    if not _key.fullmatch(name):
        found.append("name part " + regex_error(_KEY_RULE, _KEY, "MyName", "my.name", "123-abc"))
    return tuple(found)


@lru_cache(maxsize=16384)
def label_value(text: str) -> Problems:
    """A label's value: empty or at most 63 characters."""
    found = [too_long(63)] if size(text) > 63 else []
    if not _value.fullmatch(text):
        found.append(
            regex_error(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                "must start and end with an alphanumeric character",
                _VALUE,
                "MyValue",
                "my_value",
                "12345",
            )
        )
    return tuple(found)


@lru_cache(maxsize=4096)
def config_map_key(text: str) -> Problems:
    """A key of a ConfigMap or Secret."""
    found = [too_long(253, "characters")] if size(text) > 253 else []
    if not _config_key.fullmatch(text):
        found.append(
            regex_error(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                _CONFIG_KEY,
                "key.name",
                "KEY_NAME",
                "key-name",
            )
        )
    if text == ".":
        found.append("must not be '.'")
    elif text == "..":
        found.append("must not be '..'")
    elif text.startswith(".."):
        found.append("must not start with '..'")
    return tuple(found)


@lru_cache(maxsize=4096)
def env_var_name(text: str) -> Problems:
    """A name of an environment variable: printable ASCII without `=`."""
    if not text or not all(" " <= char <= "~" and char != "=" for char in text):
        return ("a valid environment variable name must consist only of printable ASCII characters other than '='",)
    return ()


@lru_cache(maxsize=1024)
def c_identifier(text: str) -> Problems:
    """A C identifier."""
    if _c_identifier.fullmatch(text):
        return ()
    return (
        regex_error(
            "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric "
            "characters or '_'",
            _C_IDENTIFIER,
            "my_name",
            "MY_NAME",
            "MyName",
        ),
    )


@lru_cache(maxsize=1024)
def http_header_name(text: str) -> Problems:
    """The name of an HTTP header."""
    if _http_header.fullmatch(text):
        return ()
    return (
        regex_error(
            "a valid HTTP header must consist of alphanumeric characters or '-'", _HTTP_HEADER, "X-Header-Name"
        ),
    )


@lru_cache(maxsize=4096)
def port_name(text: str) -> Problems:
    """A port's name, as IANA service names are: at most 15 of a-z, 0-9 and `-`, with a letter."""
    found = []
    if size(text) > 15:
        found.append(too_long(15, "characters"))
    if not re.fullmatch("[-a-z0-9]+", text):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        found.append("must contain at least one letter (a-z)")
    if "--" in text:
        found.append("must not contain consecutive hyphens")
    if text and (text[0] == "-" or text[-1] == "-"):
        found.append("must not begin or end with a hyphen")
    return tuple(found)


def port_number(port: int) -> Problems:
    """A port from 1 to 65535."""
    return () if 1 <= port <= 65535 else ("must be between 1 and 65535, inclusive",)


@lru_cache(maxsize=1024)
def percent(text: str) -> Problems:
    """A percentage such as `25%`."""
    if _percent.fullmatch(text):
        return ()
    return (
        regex_error("a valid percent string must be a numeric string followed by an ending '%'", _PERCENT, "1%", "93%"),
    )


@lru_cache(maxsize=4096)
def path_segment(text: str) -> Problems:
    """What can be one segment of a URL's path."""
    if text in (".", ".."):
        return (f"may not be '{text}'",)
    if "/" not in text and "%" not in text:
        return ()
    return tuple(f"may not contain '{bad}'" for bad in ("/", "%") if bad in text)


@lru_cache(maxsize=1024)
def fully_qualified_domain(text: str) -> Problems:
    """A domain-prefixed path such as `example.com/path`."""
    if not text:
        return ("must be non-empty",)
    segments = text.split("/", 1)
    if len(segments) != 2 or not segments[0] or not segments[1]:
        return ('must be a domain-prefixed path (such as "acme.io/foo")',)
    problems = dns_subdomain(segments[0], "characters")
    if problems:
        return tuple(problems)
    if not re.fullmatch(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", segments[1]):
        return (regex_error("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"),)
    return ()


def mask_trailing_dash(name: str) -> str:
    """A generateName as it is judged: its last dash stands for what will be appended."""
    return name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name


_STYLES: dict[str, Callable[[str], Problems]] = {
    "subdomain": lambda text: dns_subdomain(text, "characters"),
    "label": lambda text: dns_label(text, "characters"),
    "label1035": dns1035_label,
    "path": path_segment,
}


def object_name(style: str, text: str, prefix: bool = False) -> Problems:
    """`metadata.name` in the style of its kind (`Kind.name_style`); with `prefix` it is a generateName."""
    if prefix and style != "path":
        text = mask_trailing_dash(text)
    return _STYLES[style](text)
