"""Webhook configurations.

Source: `pkg/apis/admissionregistration/validation/validation.go`,
`staging/src/k8s.io/apiserver/pkg/util/webhook/validation.go`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, invalid, not_supported, required
from cp_sim.objects.validation.common import selector

Object = dict[str, Any]

_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_REVIEWS = ("v1", "v1beta1")


def validating(obj: Object, causes: Causes) -> None:
    """A ValidatingWebhookConfiguration."""
    _hooks(obj.get("webhooks") or [], causes, mutating=False)


def mutating(obj: Object, causes: Causes) -> None:
    """A MutatingWebhookConfiguration."""
    _hooks(obj.get("webhooks") or [], causes, mutating=True)


def _hooks(given: list[Object], causes: Causes, mutating: bool) -> None:
    seen = set()
    for index, hook in enumerate(given):
        at = f"webhooks[{index}]"
        _hook(hook, at, causes, mutating)
        name = hook.get("name", "")
        _reviews(hook.get("admissionReviewVersions") or [], f"{at}.admissionReviewVersions", causes)
        if name:
            if name in seen:
                causes.append(duplicate(f"{at}.name", name))
            seen.add(name)


def _reviews(versions: list[str], at: str, causes: Causes) -> None:
    if not versions:
        causes.append(required(at, "must specify one of v1, v1beta1"))
        return
    seen = set()
    for index, version in enumerate(versions):
        if version in seen:
            causes.append(invalid(f"{at}[{index}]", version, "duplicate version"))
            continue
        seen.add(version)
        for problem in names.dns1035_label(version):
            causes.append(invalid(f"{at}[{index}]", version, problem))
    if not seen.intersection(_REVIEWS):
        causes.append(invalid(at, versions, "must include at least one of v1, v1beta1"))


def _hook(given: Object, at: str, causes: Causes, mutating: bool) -> None:
    name = given.get("name", "")
    if not name:
        causes.append(required(f"{at}.name"))
    else:
        problems = names.dns_subdomain(name)
        for problem in problems:
            causes.append(invalid(f"{at}.name", name, problem))
        if not problems and name.count(".") < 2:
            text = "should be a domain with at least three segments separated by dots"
            causes.append(invalid(f"{at}.name", name, text))
    for index, rule in enumerate(given.get("rules") or ()):
        _rule(rule, f"{at}.rules[{index}]", causes)
    for field, supported in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", ("Equivalent", "Exact"))):
        value = given.get(field)
        if value is not None and value not in supported:
            causes.append(not_supported(f"{at}.{field}", value, supported))
    effects = given.get("sideEffects")
    if effects is None:
        causes.append(required(f"{at}.sideEffects", "must specify one of None, NoneOnDryRun"))
    elif effects not in ("None", "NoneOnDryRun"):
        causes.append(not_supported(f"{at}.sideEffects", effects, ("None", "NoneOnDryRun")))
    if mutating and given.get("reinvocationPolicy") not in (None, "IfNeeded", "Never"):
        causes.append(not_supported(f"{at}.reinvocationPolicy", given["reinvocationPolicy"], ("IfNeeded", "Never")))
    seconds = given.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        text = "the timeout value must be between 1 and 30 seconds"
        causes.append(invalid(f"{at}.timeoutSeconds", seconds, text))
    for field in ("namespaceSelector", "objectSelector"):
        if given.get(field) is not None:
            selector(given[field], f"{at}.{field}", causes)
    client(given.get("clientConfig") or {}, f"{at}.clientConfig", causes)


def _rule(given: Object, at: str, causes: Causes) -> None:
    operations = given.get("operations") or []
    if not operations:
        causes.append(required(f"{at}.operations"))
    if len(operations) > 1 and "*" in operations:
        text = "if '*' is present, must not specify other operations"
        causes.append(invalid(f"{at}.operations", operations, text))
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            causes.append(not_supported(f"{at}.operations[{index}]", operation, _OPERATIONS))
    for field, what in (("apiGroups", "API groups"), ("apiVersions", "API versions"), ("resources", "")):
        values = given.get(field) or []
        if not values:
            causes.append(required(f"{at}.{field}"))
        if what and len(values) > 1 and "*" in values:
            text = f"if '*' is present, must not specify other {what}"
            causes.append(invalid(f"{at}.{field}", values, text))
        for index, value in enumerate(values):
            if value == "" and field != "apiGroups":
                causes.append(required(f"{at}.{field}[{index}]"))
    scope = given.get("scope")
    if scope is not None and scope not in ("*", "Cluster", "Namespaced"):
        causes.append(not_supported(f"{at}.scope", scope, ("*", "Cluster", "Namespaced")))


def client(given: Object, at: str, causes: Causes) -> None:
    """How a webhook is reached: a URL or a service."""
    url, service = given.get("url"), given.get("service")
    if (url is None) == (service is None):
        causes.append(required(at, "exactly one of url or service is required"))
    if url is not None:
        _url(url, f"{at}.url", causes)
    if service is not None:
        for field in ("name", "namespace"):
            if not service.get(field):
                text = f"service {field} is required"
                causes.append(required(f"{at}.service.{field}", text))
        path = service.get("path")
        if path is not None:
            _service_path(path, f"{at}.service.path", causes)
        port = service.get("port", 443)
        if not 1 <= port <= 65535:
            text = "port is not valid: must be between 1 and 65535, inclusive"
            causes.append(invalid(f"{at}.service.port", port, text))


_FORM = "; desired format: https://host[/path]"


def _url(url: str, at: str, causes: Causes) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https":
        causes.append(invalid(at, parts.scheme, "'https' is the only allowed URL scheme" + _FORM))
    if not parts.netloc:
        causes.append(invalid(at, parts.netloc, "host must be specified" + _FORM))
    if parts.username is not None:
        causes.append(invalid(at, parts.username, "user information is not permitted in the URL"))
    if parts.fragment:
        causes.append(invalid(at, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        causes.append(invalid(at, parts.query, "query parameters are not permitted in the URL"))


def _service_path(path: str, at: str, causes: Causes) -> None:
    if not path or path == "/":
        return
    if path == "//":
        causes.append(invalid(at, path, "segment[0] may not be empty"))
        return
    if not path.startswith("/"):
        causes.append(invalid(at, path, "must start with a '/'"))
    steps = path.removeprefix("/").removesuffix("/").split("/")
    for index, step in enumerate(steps):
        if not step:
            causes.append(invalid(at, path, f"segment[{index}] may not be empty"))
            continue
        for problem in names.dns_subdomain(step):
            causes.append(invalid(at, path, f"segment[{index}]: {problem}"))
