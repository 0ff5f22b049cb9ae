"""The normalisation under which recorded and own output of kubectl are compared: random names and times are masked.

The rules are those with which the recordings were made; a literal that occurs in the session's own files or commands is
never masked.
"""

from __future__ import annotations

import re

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
AGES = {"AGE", "LAST SEEN", "DURATION", "LAST SCHEDULE", "FIRST SEEN", "Age", "Last Seen", "BORN"}
_AGE = r"(\d+[smhdy])+"

# (pattern, replacement, whether a literal of the session is spared)
_MASKS: tuple[tuple[str, str, bool], ...] = (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<UID>", True),
    (r"containerd://[0-9a-f]+", "containerd://<ID>", True),
    (r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<TIME>", True),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w\w\w 20\d\d \d\d:\d\d:\d\d [+-]\d{4}", "<TIME>", True),
    (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4}( [A-Z]{3,4})?( m=\S+)?", "<TIME>", True),
    (r'(resourceVersion"?: ?"?)\d+', r"\1<RV>", False),
    (r"(Resource Version:\s+)\d+", r"\1<RV>", False),
    (r"\b[EWI]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ ", "<KLOG> ", False),
    (r"\b10\.(96|244)\.\d{1,3}\.\d{1,3}\b", "<IP>", True),
    (r'\b3[0-2]\d{3}\b(?=[/\s,"]|$)', "<NODEPORT>", True),
    (r"\.[0-9a-f]{16}\b", ".<EVT>", False),
    (rf"-[{LETTERS}]{{7,10}}-[{LETTERS}]{{5}}(?![\w-])", "-<HASH>-<SUF>", True),
    (rf"(?<=[a-z0-9])-\d{{8}}-[{LETTERS}]{{5}}\b", "-<MIN>-<SUF>", True),
    (r"(?<=[a-z0-9])-\d{8}\b", "-<MIN>", True),
    (rf"-[{LETTERS}]{{8,10}}(?![\w-])", "-<HASH>", True),
    (rf'(pod-template-hash(=|: ?"?|": ?"))[{LETTERS}]{{7,10}}', r"\1<HASH>", True),
    (rf"(?<=[a-z0-9])-[{LETTERS}]{{5}}(?![\w-])", "-<SUF>", True),
    (r"\((\d+[smhd])+ ago\)", "(<AGE> ago)", False),
    (r"\(x(\d+) over [^)]*\)", "(x<N> over <AGE>)", False),
    (r"for (\d+\.\d+s|\d+ms|\d+\.\d+ms|\d+\.\d+µs)", "for <DUR>", False),
)
_NODES: tuple[tuple[str, str], ...] = (
    (r"\bworker-[123]\b", "<NODE>"),
    (r"\b127\.0\.0\.1[1-4]\b", "<NODEIP>"),
    (r'(topology\.kubernetes\.io/zone(?:=|: ?"?|": ?")|Zone:\s+|\bzone: ?"?)[abc]\b', r"\1<ZONE>"),
)


def normal(text: str, spared: str = "", *, mask_nodes: bool = False) -> str:
    """`text` with everything masked that differs from run to run; `spared` holds the session's files and commands."""
    masked = re.sub(r"(/tmp/LIVE|/tmp/MERGED|kubectl-edit)-\d+", _numbered, text)
    for place, mask in (("/WORK", "<WORK>"), ("/DIR", "<DIR>"), ("127.0.0.1:6443", "127.0.0.1:<PORT>")):
        masked = masked.replace(place, mask)
    for pattern, replacement, spares in _MASKS:
        if spares:
            masked = re.sub(pattern, lambda m: m.group(0) if m.group(0) in spared else m.expand(replacement), masked)  # noqa: B023
        else:
            masked = re.sub(pattern, replacement, masked)
    for pattern, replacement in _NODES if mask_nodes else ():
        masked = re.sub(pattern, replacement, masked)
    first = masked.lstrip("\n").split("\n")[0].strip()
    if first and ":" not in first and not re.match(r"^[A-Z]", first) and len(re.split(r" {3,}", first)) >= 4:
        masked = re.sub(rf"( {{3,}}){_AGE}(?=$|\n| {{3,}})", r"\1<AGE>", masked)
    return _columns(text.split("\n"), masked.split("\n"))


def _numbered(match: re.Match[str]) -> str:
    return f"{match.group(1)}-<N>"


def _columns(raw: list[str], masked: list[str]) -> str:
    lines, ages = [], None
    for i, line in enumerate(masked):
        original = raw[i] if len(raw) == len(masked) else line
        heads = [(m.start(), m.group(0)) for m in re.finditer(r"\S+(?: \S+)*", original)]
        names = [name for _, name in heads]
        titled = all(re.match(r"^[A-Z][A-Za-z0-9 .()\-]*$", name) for name in names)
        if len(names) >= 2 and titled and any(name in AGES for name in names):
            ends = [start for start, _ in heads[1:]] + [None]
            ages = [(heads[k][0], ends[k]) for k in range(len(heads)) if names[k] in AGES]
        elif not line.strip():
            ages = None
        elif ages:
            line = _mask_ages(line, original, ages)
        lines.append(_tidy(line))
    return "\n".join(lines)


def _mask_ages(line: str, original: str, ages: list[tuple[int, int | None]]) -> str:
    for start, end in ages:
        cell = original[start:end].strip()
        if not re.fullmatch(rf"{_AGE}|<invalid>|{_AGE} \(x\d+ over .*\)", cell):
            continue
        cells = re.split(r"(\s{2,})", line.rstrip())
        for k, found in enumerate(cells):
            counted = found.endswith(")") and " over " in found and found.split(" ")[0] == cell.split(" ")[0]
            if found == cell or counted:
                cells[k] = "<AGE>" + (" (x<N> over <AGE>)" if " over " in cell else "")
                break
        line = "".join(cells)
    return line


def _tidy(line: str) -> str:
    match = re.match(r"^(\s*)(.*?)\s*$", line)
    assert match is not None
    line = match.group(1) + re.sub(r" {2,}", "   ", match.group(2))
    line = re.sub(r"^(\s*(?:Duration|Active Deadline|Age):\s+)(\d+[smhd])+$", r"\1<AGE>", line)
    return re.sub(r"-+", "----", line) if re.fullmatch(r"\s*-{4,}[- ]*", line) else line
