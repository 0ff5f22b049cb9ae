"""What `-o` asks for, and objects written in that form.

Source: k8s.io/cli-runtime/pkg/genericclioptions/print_flags.go, kubernetes/kubectl pkg/cmd/get/get_flags.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.errors import failure
from cp_sim.course.kubectl.output import columns, gotemplate, jsonpath
from cp_sim.course.kubectl.output.text import to_json, to_yaml
from cp_sim.objects import edit

GET_FORMATS = (
    "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,"
    "name,template,templatefile,wide,yaml"
)
PLAIN_FORMATS = (
    "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,yaml"
)
_TEMPLATES = ("custom-columns", "go-template", "jsonpath", "jsonpath-as-json", "template")


class Output:
    """One chosen format: `kind` is `table` where none was asked for, `template` what follows the equals sign."""

    def __init__(self, asked: str, template: str = "", allowed: str = GET_FORMATS) -> None:
        kind, equals, rest = asked.partition("=")
        self.kind = kind or "table"
        self.template = rest if equals else template
        if template and not asked:
            self.kind = "go-template"
        if not asked and not template:
            return
        if self.kind not in allowed.split(",") and not (equals and kind in _TEMPLATES and kind in allowed.split(",")):
            raise failure(
                f'unable to match a printer suitable for the output format "{asked}", allowed formats are: {allowed}'
            )
        self._check_template(bool(equals or template))

    def _check_template(self, has_template: bool) -> None:
        if self.kind == "custom-columns":
            columns.parse(self.template)
        if self.kind in ("jsonpath", "jsonpath-as-json", "go-template", "template") and not has_template:
            raise failure("template format specified but no template given")
        if self.kind in ("jsonpath", "jsonpath-as-json"):
            try:
                jsonpath.parse(self.template)
            except jsonpath.PathError as error:
                raise failure(f"error parsing jsonpath {self.template}, {error}") from None

    @property
    def is_table(self) -> bool:
        """Whether the server's Table is to be printed."""
        return self.kind in ("table", "wide")

    def write(self, obj: Any, *, headers: bool = True) -> str:
        """`obj` in this format, with the line feed where kubectl writes one."""
        if self.kind in ("yaml", "kyaml"):
            return to_yaml(obj)
        if self.kind == "json":
            return to_json(obj) + "\n"
        if self.kind == "custom-columns":
            objects = obj["items"] if str(obj.get("kind", "")).endswith("List") and "items" in obj else [obj]
            return columns.render(columns.parse(self.template), objects, headers=headers)
        if self.kind in ("go-template", "template"):
            return gotemplate.render(self.template, obj)
        try:
            if self.kind == "jsonpath-as-json":
                found = [value for values in jsonpath.evaluate(self.template, obj) for value in values]
                return to_json(found) + "\n"
            return jsonpath.render(self.template, obj)
        except jsonpath.PathError as error:
            raise failure(f'error executing jsonpath "{self.template}": Error executing template: {error}') from None


def without_managed_fields(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as it is shown unless `--show-managed-fields` was given."""
    return edit.drop(obj, "metadata.managedFields")


def as_list(objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Several objects as one `List`."""
    return {"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": objects}
