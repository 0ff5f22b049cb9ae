"""What people type wrongly gets kubectl's own words, and the cluster stays as it was."""

from __future__ import annotations

import pytest

from cp_sim import Cluster
from cp_sim.course.kubectl import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  REPLICAS
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: main, image: nginx}
"""
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec:\n  containers:\n  - {name: main, image: nginx EXTRA}\n"
BIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  text: " + "x" * 2_000_000 + "\n"
STRICT = (
    'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a '
    "Deployment: "
)

# (command, standard input, what is printed; only its beginning where it ends with an ellipsis)
WRONG = {
    "a typo in a manifest": (
        "apply -f -",
        DEPLOYMENT.replace("REPLICAS", "replica: 1"),
        STRICT + 'strict decoding error: unknown field "spec.replica"\n',
    ),
    "text for a number": (
        "apply -f -",
        DEPLOYMENT.replace("REPLICAS", "replicas: two"),
        STRICT + "json: cannot unmarshal…",
    ),
    "an impossible quantity": (
        "apply -f -",
        POD.replace(" EXTRA", ", resources: {requests: {cpu: lots}}"),
        'Error from server (BadRequest): error when creating "STDIN": Pod in version "v1" cannot be handled as a Pod: '
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'\n",
    ),
    "replicas below zero": (
        "apply -f -",
        DEPLOYMENT.replace("REPLICAS", "replicas: -1"),
        'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0\n',
    ),
    "a name that is taken": (
        "create deployment old --image=nginx",
        "",
        'error: failed to create deployment: deployments.apps "old" already exists\n',
    ),
    "a taint that is not there": (
        "taint nodes worker-1 gone:NoSchedule-",
        "",
        'error: taint "gone:NoSchedule" not found\n',
    ),
    "a taint without sense": (
        "taint nodes worker-1 a=b:Never",
        "",
        "error: invalid taint effect: Never, unsupported taint effect\nSee 'kubectl taint -h' for help and examples\n",
    ),
    "a node that is not there": ("cordon worker-9", "", 'Error from server (NotFound): nodes "worker-9" not found\n'),
    "an unknown kind": ("get gadgets", "", 'error: the server doesn\'t have a resource type "gadgets"\n'),
    "an unknown kind in a manifest": (
        "apply -f -",
        "apiVersion: v1\nkind: Podd\nmetadata: {name: x}\n",
        'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind '
        '"Podd" in version '
        '"v1"\nensure CRDs are installed first\n',
    ),
    "no YAML at all": (
        "apply -f -",
        "kind: Pod\nmetadata: [\n",
        "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: did not find expected node content\n",
    ),
    "only a word": ("apply -f -", "hello", 'error: error validating "STDIN": error validating data: invalid object…'),
    "nothing": ("apply -f -", "", "error: no objects passed to apply\n"),
    "two million letters": (
        "apply -f -",
        BIG,
        'The ConfigMap "big" is invalid: \n* metadata.annotations: Too long: may not be more than 262144 bytes\n* …',
    ),
    "two million letters, created": (
        "create -f -",
        BIG,
        'The ConfigMap "big" is invalid: []: Too long: may not be more than 1048576 bytes\n',
    ),
    "a scale below zero": (
        "scale deployment old --replicas=-1",
        "",
        "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n",
    ),
    "a flag that is none": (
        "get pods --nosuch",
        "",
        "error: unknown flag: --nosuch\nSee 'kubectl get --help' for usage.\n",
    ),
    "a command that is none": ("frobnicate", "", 'error: unknown command "frobnicate" for "kubectl"\n'),
    "a quotation that does not end": (
        "get pods -l 'a",
        "",
        "error: the command line cannot be read: no closing quotation\n",
    ),
    "a file that is not there": ("apply -f nosuch.yaml", "", 'error: the path "nosuch.yaml" does not exist\n'),
    "a drain of nothing": (
        "drain",
        "",
        "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples\n",
    ),
}


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    made = Cluster(workers=2, seed=3)
    Kubectl(made).run("create deployment old --image=nginx")
    return made


@pytest.mark.parametrize("mistake", WRONG)
def test_mistakes_are_told_and_change_nothing(cluster: Cluster, mistake: str) -> None:
    line, stdin, wanted = WRONG[mistake]
    before = {kind: cluster.get(kind, "*") for kind in ("nodes", "pods", "deployments", "configmaps")}
    outcome = Kubectl(cluster, files=None).run(line, stdin=stdin)
    assert outcome.code != 0
    assert outcome.stdout == ""
    told = outcome.stderr.startswith(wanted[:-1]) if wanted.endswith("…") else outcome.stderr == wanted
    assert told, outcome.stderr[:500]
    for kind, objects in before.items():
        assert [obj["metadata"]["name"] for obj in cluster.get(kind, "*")] == [
            obj["metadata"]["name"] for obj in objects
        ]
    assert cluster.get("deployment/old")["spec"]["replicas"] == 1


def test_a_right_manifest_works_after_all_that(cluster: Cluster) -> None:
    outcome = Kubectl(cluster).run("apply -f -", stdin=DEPLOYMENT.replace("REPLICAS", "replicas: 2"))
    assert outcome.text == "deployment.apps/web created\n"
    assert len([pod for pod in cluster.get("pods") if pod["metadata"]["name"].startswith("web-")]) == 2
