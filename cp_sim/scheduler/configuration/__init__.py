"""A `KubeSchedulerConfiguration` read: its profiles, their plugins at each extension point, and the plugins' arguments.

`configuration.py` reads it, `config_fields.py` knows the fields, `config_checks.py` what may not be, `plugin_sets.py`
which plugins run where, `plugin_args.py` what their arguments mean.

*In Kubernetes:* pkg/scheduler/apis/config.
"""
