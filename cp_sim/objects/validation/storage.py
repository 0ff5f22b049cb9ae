from typing import Any


def claim_spec(given: dict[str, Any], at: str, causes: list[Any]) -> None:
    """."""
