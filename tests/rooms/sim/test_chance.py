from __future__ import annotations

import re
import subprocess
import sys

from cp_sim.sim import Chance


def test_a_stream_depends_on_seed_and_name_alone() -> None:
    one, other = Chance(7), Chance(7)
    other.stream("somebody else").random()
    assert one.stream("raft/etcd-1").random() == other.stream("raft/etcd-1").random()
    assert Chance(8).stream("raft/etcd-1").random() != Chance(7).stream("raft/etcd-1").random()


def test_uids_and_suffixes_have_the_form_of_the_real_ones() -> None:
    chance = Chance(3)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", chance.uid())
    assert re.fullmatch(r"[bcdfghjklmnpqrstvwxz2456789]{5}", chance.suffix())
    assert len({chance.uid() for _ in range(100)}) == 100


def test_the_hash_seed_of_the_process_has_no_say() -> None:
    program = "from cp_sim.sim import Chance; c = Chance(5); print(c.uid(), c.suffix())"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(texts) == 1
