"""Where a real etcd is: what can be written, and what is said of what cannot."""

import pytest

from cp_sim.etcd.real.options import StoreOptions, parse


def test_an_address_says_everything():
    url = (
        "etcds://ann:p%40ss@10.0.0.1:2379,10.0.0.2:2379?prefix=/team-a&ca=ca.pem&cert=a.pem&key=a.key&timeout=2s&seed=x"
    )
    assert parse(url) == StoreOptions(
        ("10.0.0.1:2379", "10.0.0.2:2379"), "/team-a", "ann", "p@ss", "ca.pem", "a.pem", "a.key", True, 2_000, "x"
    )
    assert parse("etcd://127.0.0.1:2379") == StoreOptions(("127.0.0.1:2379",))
    assert not parse("etcd://127.0.0.1:2379").is_secure
    assert parse("etcds://127.0.0.1:2379").is_secure
    assert StoreOptions(("a:1",), ca="ca.pem").is_secure


@pytest.mark.parametrize(
    ("store", "words"),
    [
        ("127.0.0.1:2379", "write the address of an etcd, such as etcd://127.0.0.1:2379"),
        ("http://127.0.0.1:2379", "write the address of an etcd"),
        ("etcd://127.0.0.1", "'127.0.0.1' is no endpoint of an etcd: write HOST:PORT"),
        ("etcd://", "is no endpoint of an etcd"),
        ("etcd://a:1/team", "keys go below a prefix by an option, ?prefix=/team"),
        ("etcd://a:1?prefix=team", "begin it with a slash"),
        ("etcd://a:1?prefix=/team/", "do not end it with one"),
        ("etcd://a:1?color=red", "there is no option 'color'; there are prefix, user"),
        ("etcds://a:1?cert=a.pem", "give cert and key"),
        ("etcd://ann@a:1", "user ann needs a password"),
        (StoreOptions(()), "a store needs an endpoint"),
    ],
)
def test_what_cannot_be_gets_a_sentence(store, words):
    with pytest.raises(ValueError) as problem:
        parse(store)
    assert words in str(problem.value)
