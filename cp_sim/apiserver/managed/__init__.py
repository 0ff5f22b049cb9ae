"""Who owns which field: managed fields and server-side apply.

*In Kubernetes:* `sigs.k8s.io/structured-merge-diff` and `k8s.io/apimachinery/pkg/util/managedfields`.
"""
