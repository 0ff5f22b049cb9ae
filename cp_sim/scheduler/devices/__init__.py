"""Devices for pods that claim them: which ones a claim could have, and which it gets.

`resource_claims.py` finds a pod's claims, `device_selectors.py` and `device_expressions.py` say which devices fit,
`device_allocation.py` chooses among them.

*In Kubernetes:* k8s.io/dynamic-resource-allocation, pkg/scheduler/framework/plugins/dynamicresources.
"""
