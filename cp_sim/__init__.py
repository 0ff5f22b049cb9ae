"""A whole Kubernetes control plane inside one process, to see it think."""
