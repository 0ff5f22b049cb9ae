"""The output formats of kubectl: tables, YAML, JSON, names, JSONPath, custom columns, Go templates."""
