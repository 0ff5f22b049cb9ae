"""`kubectl wait`.

Source: kubernetes/kubectl pkg/cmd/wait.
"""

from __future__ import annotations

from collections.abc import Callable

from cp_sim.course.kubectl import builder
from cp_sim.course.kubectl.builder import NOTHING_NAMED
from cp_sim.course.kubectl.client import Object
from cp_sim.course.kubectl.errors import KubectlError, failure, several
from cp_sim.course.kubectl.manifests import Info
from cp_sim.course.kubectl.output import jsonpath
from cp_sim.course.kubectl.shell import Invocation, command
from cp_sim.objects import meta

DEFAULT_MS = 30_000
Met = Callable[[Object], bool]


@command(
    "wait", "for=+ timeout=~ selector:l= field-selector= all all-namespaces:A filename:f=* recursive:R local output:o="
)
def wait(invocation: Invocation) -> None:
    """Wait until every object named meets a condition."""
    asked = invocation.flags["for"]
    if not asked:
        raise failure("unrecognized condition: []")
    condition = asked[0]
    kind, _, rest = condition.partition("=")
    met = _met(condition, kind.lower(), rest)
    flags = invocation.flags
    timeout = flags["timeout"] if flags.given("timeout") else DEFAULT_MS
    if not invocation.arguments and not flags["filename"]:
        raise failure(NOTHING_NAMED)
    if kind.lower() in ("delete", "create"):
        _wait_for_existence(invocation, kind.lower() == "create", timeout)
        return
    found = builder.infos(invocation)
    if not found.infos and not found.errors:
        raise failure("no matching resources found")
    errors = list(found.errors)
    for info in found.infos:
        try:
            _wait_for(invocation, info, met, timeout)
        except KubectlError as error:
            errors.append(error)
    if errors:
        raise several(errors)


def _met(condition: str, kind: str, rest: str) -> Met:
    if kind == "condition" and rest:
        name, _, value = rest.partition("=")
        wanted = (value or "true").lower()
        return lambda obj: (meta.condition(obj, _cased(obj, name)) or {}).get("status", "").lower() == wanted
    if kind == "jsonpath" and rest:
        path, equals, value = _split_path(rest)
        try:
            template = jsonpath.relaxed(path.strip("'\""))
            jsonpath.parse(template)
        except jsonpath.PathError as error:
            raise failure(str(error)) from None
        if equals:
            return lambda obj: jsonpath.render(template, obj) == value.strip("'\"")
        return lambda obj: bool(jsonpath.evaluate(template, obj)[0])
    if kind in ("delete", "create") and not rest:
        return lambda obj: True
    raise failure(f'unrecognized condition: "{condition}"')


def _cased(obj: Object, name: str) -> str:
    types = [entry.get("type", "") for entry in (obj.get("status") or {}).get("conditions") or ()]
    return next((type_ for type_ in types if type_.lower() == name.lower()), name)


def _split_path(text: str) -> tuple[str, str, str]:
    if "}=" in text:
        front, _, value = text.partition("}=")
        return front + "}", "=", value
    return (text, "", "") if text.startswith("{") else text.partition("=")


def _wait_for(invocation: Invocation, info: Info, met: Met, timeout: int) -> None:
    def done() -> bool:
        answer = invocation.client.raw("GET", info.type.path(info.namespace, info.name))
        return answer.status < 400 and meta.uid(answer.body) == meta.uid(info.object) and met(answer.body)

    if not invocation.wait_until(done, timeout):
        raise failure(f"timed out waiting for the condition on {info.type.plural}/{info.name}")
    invocation.out(f"{info.shown} condition met")


def _wait_for_existence(invocation: Invocation, wanted: bool, timeout: int) -> None:
    everything = invocation.flags["selector"] or invocation.flags["all"]
    found = builder.infos(invocation, fetch=bool(everything))
    for info in found.infos:
        path = info.type.path(info.namespace, info.name)

        def there() -> bool:
            return bool(invocation.client.raw("GET", path).status < 400)  # noqa: B023

        if not wanted and not everything and not there():
            continue
        if not invocation.wait_until(lambda: there() == wanted, timeout):
            on = "" if wanted else f" on {info.type.plural}/{info.name}"
            raise failure(f"timed out waiting for the condition{on}")
        invocation.out(f"{info.shown} condition met")
