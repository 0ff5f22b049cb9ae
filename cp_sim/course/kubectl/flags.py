"""Reading a command line the way kubectl does: long and short flags anywhere between the arguments.

A command says its flags in one line of words, e.g. `"output:o= selector:l= all-namespaces:A replicas=# sort:S=*"`: a
name, a colon and its letter, and what it takes: nothing (a switch), `=` text, `=#` a whole number, `=*` a list by
commas, `=+` a list by repetition, `=~` a duration; `=?word` takes text, and `word` when it stands alone.

Source: spf13/pflag (flag.go, errors.go), whose sentences these are.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.course.kubectl.durations import parse_flag
from cp_sim.course.kubectl.errors import KubectlError, failure
from cp_sim.sim import immutable

GLOBAL = (
    "namespace:n= as= as-group=+ as-uid= context= kubeconfig= server:s= token= user= cluster= request-timeout= v:v=# "
    "warnings-as-errors help:h no-settle"
)

_SPEC = re.compile(r"([a-z-]+)(?::(\w))?(?:=([#*+~]|\?[\w-]+)?)?$")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


@immutable
class Flag:
    """One flag: what it takes is `switch`, `text`, `number`, `list`, `repeat` or `duration`."""

    name: str
    letter: str
    takes: str
    bare: str = ""


def specify(words: str) -> dict[str, Flag]:
    """The flags that `words` name, by their long names."""
    flags = {}
    for word in words.split():
        match = _SPEC.match(word)
        if match is None:
            raise ValueError(f"{word!r} names no flag")
        name, letter, kind = match.group(1), match.group(2) or "", match.group(3) or ""
        kinds = {"#": "number", "*": "list", "+": "repeat", "~": "duration"}
        takes = "switch" if "=" not in word else kinds.get(kind, "text")
        flags[name] = Flag(name, letter, takes, kind[1:] if kind.startswith("?") else "")
    return flags


class Flags:
    """The values given: `flags["output"]` is the text (empty if not given), `flags.given("output")` whether it was."""

    def __init__(self, known: dict[str, Flag]) -> None:
        self.known = known
        self.values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        empty: dict[str, Any] = {"switch": False, "text": "", "number": 0, "duration": 0}
        flag = self.known.get(name)
        return empty.get(flag.takes, []) if flag else ""

    def given(self, name: str) -> bool:
        """Whether the flag stood on the command line."""
        return name in self.values

    def set(self, flag: Flag, text: str, shown: str) -> None:
        """Keep `text` as the value of `flag`.

        Raises:
            ValueError: with pflag's sentence, where the flag takes something else.
        """
        if flag.takes == "list":
            self.values.setdefault(flag.name, []).extend(text.split(",") if text else [])
        elif flag.takes == "repeat":
            self.values.setdefault(flag.name, []).append(text)
        else:
            self.values[flag.name] = _convert(flag, text, shown)


def parse(command: str, words: list[str], specification: str) -> tuple[list[str], Flags]:
    """(arguments, flags) of a command line, the command's own words left off.

    `--` ends the flags; what stands behind it is kept in `flags["--"]` too.

    Raises:
        KubectlError: a flag that the command does not know, or one without its value.
    """
    known = specify(GLOBAL) | specify(specification)
    letters = {flag.letter: flag for flag in known.values() if flag.letter}
    flags, arguments = Flags(known), []
    rest = list(words)
    try:
        while rest:
            word = rest.pop(0)
            if word == "--":
                flags.values["--"] = list(rest)
                arguments += rest
                break
            if word.startswith("--"):
                _long(word[2:], rest, known, flags)
            elif word.startswith("-") and len(word) > 1:
                _short(word[1:], rest, letters, flags)
            else:
                arguments.append(word)
    except ValueError as error:
        raise KubectlError(f"error: {error}\nSee 'kubectl {command} --help' for usage.") from None
    return arguments, flags


def _long(word: str, rest: list[str], known: dict[str, Flag], flags: Flags) -> None:
    name, equals, value = word.partition("=")
    flag = known.get(name)
    if flag is None:
        raise ValueError(f"unknown flag: --{name}")
    shown = f"-{flag.letter}, --{name}" if flag.letter else f"--{name}"
    if equals:
        flags.set(flag, value, shown)
    elif flag.takes == "switch" or flag.bare:
        flags.set(flag, flag.bare or "true", shown)
    elif rest:
        flags.set(flag, rest.pop(0), shown)
    else:
        raise ValueError(f"flag needs an argument: --{name}")


def _short(letters: str, rest: list[str], known: dict[str, Flag], flags: Flags) -> None:
    whole = letters
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = known.get(letter)
        if flag is None:
            raise ValueError(f"unknown shorthand flag: '{letter}' in -{whole}")
        shown = f"-{letter}, --{flag.name}"
        if letters.startswith("="):
            flags.set(flag, letters[1:], shown)
            return
        if flag.takes == "switch" or flag.bare:
            flags.set(flag, flag.bare or "true", shown)
        elif letters:
            flags.set(flag, letters, shown)
            return
        elif rest:
            flags.set(flag, rest.pop(0), shown)
        else:
            raise ValueError(f"flag needs an argument: '{letter}' in -{whole}")


def _convert(flag: Flag, text: str, shown: str) -> Any:
    said = f'invalid argument "{text}" for "{shown}" flag: '
    if flag.takes == "switch":
        if text in _TRUE + _FALSE:
            return text in _TRUE
        raise ValueError(f'{said}strconv.ParseBool: parsing "{text}": invalid syntax')
    if flag.takes == "number":
        if re.fullmatch(r"[+-]?\d+", text):
            return int(text)
        raise ValueError(f'{said}strconv.ParseInt: parsing "{text}": invalid syntax')
    if flag.takes == "duration":
        try:
            return parse_flag(text)
        except ValueError:
            raise ValueError(f'{said}time: invalid duration "{text}"') from None
    return text


def require(flags: Flags, *names: str) -> None:
    """Refuse the command where one of the flags is missing."""
    missing = [f'"{name}"' for name in names if not flags.given(name)]
    if missing:
        raise failure(f"required flag(s) {', '.join(missing)} not set")
