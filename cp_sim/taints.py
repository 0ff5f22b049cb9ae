"""Taints as `kubectl taint` writes and changes them."""

from __future__ import annotations

from collections.abc import Iterable

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
Taint = dict[str, str]


def changed_taints(taints: list[Taint], changes: Iterable[str]) -> list[Taint]:
    """`taints` after `changes`: `key=value:Effect` and `key:Effect` add, a trailing minus removes.

    Source: k8s.io/kubectl/pkg/cmd/taint.

    Raises:
        ValueError: a change cannot be read, adds a taint that is there already, or removes one that is not there.
    """
    result = list(taints)
    for text in changes:
        if text.endswith("-"):
            key, effect = _parse_removal(text)
            kept = [taint for taint in result if not _is(taint, key, effect)]
            if len(kept) == len(result):
                raise ValueError(f'taint "{text[:-1]}" not found')
            result = kept
        else:
            taint = parse_taint(text)
            if any(_is(other, taint["key"], taint["effect"]) for other in result):
                raise ValueError(
                    f'there is already a taint {taint["key"]}:{taint["effect"]}; remove it first with "{text}-"'
                )
            result.append(taint)
    return result


def parse_taint(text: str) -> Taint:
    """The taint written `key=value:Effect` or `key:Effect`.

    Raises:
        ValueError: it is neither.
    """
    head, colon, effect = text.rpartition(":")
    key, _, value = head.partition("=")
    if not colon or not key:
        raise ValueError(
            f'{text!r} is not a taint: write "key=value:Effect", "key:Effect", or "key:Effect-" to remove it'
        )
    if effect not in EFFECTS:
        raise ValueError(
            f"{text!r}: the effect of a taint is {', '.join(EFFECTS[:-1])} or {EFFECTS[-1]}, not {effect!r}"
        )
    return {"key": key, **({"value": value} if value else {}), "effect": effect}


def format_taint(taint: Taint) -> str:
    """`key=value:Effect`, or `key:Effect` without a value."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _parse_removal(text: str) -> tuple[str, str]:
    head, _, effect = text[:-1].partition(":")
    key = head.partition("=")[0]
    if effect and effect not in EFFECTS:
        raise ValueError(
            f"{text!r}: the effect of a taint is {', '.join(EFFECTS[:-1])} or {EFFECTS[-1]}, not {effect!r}"
        )
    return key, effect


def _is(taint: Taint, key: str, effect: str) -> bool:
    return taint["key"] == key and (not effect or taint["effect"] == effect)
