"""The stories of `cp_sim/raft/stories` and of this folder go exactly as they are written down.

After a change that is meant to change them, write them anew and read the difference:

    RECORD_STORIES=1 ./course test tests/stories
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import cp_sim.raft
from cp_sim.raft.story import names, read, record, tell

FILES = sorted(
    [*(Path(cp_sim.raft.__file__).parent / "stories").glob("*.story"), *Path(__file__).parent.glob("*.story")]
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_story_goes_as_it_is_written(path: Path) -> None:
    if os.environ.get("RECORD_STORIES"):
        record(path)
    text = path.read_text()
    assert tell(text) == text


def test_the_stories_that_lessons_need_are_there() -> None:
    assert names() == [
        "check-quorum",
        "dueling-candidates",
        "figure-8",
        "laggard-with-snapshot",
        "leader-transfer",
        "membership-change",
        "partitioned-leader",
        "pre-vote",
        "read-index",
        "rejoining-laggard",
        "slow-disks",
    ]
    with pytest.raises(ValueError, match="no story 'figure-9'; there are check-quorum, "):
        read("figure-9")


def test_a_story_that_is_not_true_is_noticed(tmp_path: Path) -> None:
    false = read("figure-8").replace("s5  leader         term 4", "s5  leader         term 3")
    assert false != read("figure-8")
    assert tell(false) == read("figure-8")
    path = tmp_path / "figure-8.story"
    path.write_text(false)
    assert record(path)
    assert not record(path)


def test_a_slip_of_the_pen_names_the_line() -> None:
    with pytest.raises(ValueError, match="line 3: 's1 crashed' is no line of a story"):
        tell("# A story\n> members s1 s2 s3\n> s1 crashed\n")
    with pytest.raises(ValueError, match="line 2: there is no member s9"):
        tell("> members s1 s2 s3\n> s9 crashes\n")
