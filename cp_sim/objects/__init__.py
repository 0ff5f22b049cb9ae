"""Kubernetes objects as data: wire dicts, the table of kinds, quantities, selectors, defaults, validation, patches.

*In Kubernetes:* `staging/src/k8s.io/apimachinery` and `pkg/apis`.  Nothing here has state, a clock or I/O: every
function takes objects and returns new ones, or a list of what is wrong with them.
"""
