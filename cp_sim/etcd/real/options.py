"""Where a real etcd is and how to speak to it: from a URL or as fields."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from cp_sim.sim import immutable, parse_duration

PLAIN, SECURE = "etcd://", "etcds://"
_WORDS = ("prefix", "user", "password", "ca", "cert", "key", "timeout", "seed")


@immutable
class StoreOptions:
    """A real etcd.

    `endpoints` are `host:port` of its members. With `tls` or any of `ca`, `cert` and `key` (files, PEM) traffic is
    encrypted: `ca` tells whom to trust (empty: whom the system trusts), `cert` and `key` who is asking. `user` and
    `password` ask for a token where etcd's authentication is on. All keys lie below `prefix`. A request is tried for
    `timeout_ms` real milliseconds before etcd counts as away. `seed` is mixed into the cluster's chance; empty: the
    number of processes that have used this prefix so far, so that two of them never draw the same names.

    *In Kubernetes:* kube-apiserver's `--etcd-servers`, `--etcd-cafile`, `--etcd-certfile`, `--etcd-keyfile`,
    `--etcd-prefix`.
    """

    endpoints: tuple[str, ...]
    prefix: str = ""
    user: str = ""
    password: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""
    tls: bool = False
    timeout_ms: int = 5_000
    seed: str = ""

    @property
    def is_secure(self) -> bool:
        """Whether traffic is encrypted."""
        return self.tls or bool(self.ca or self.cert or self.key)

    @property
    def address(self) -> str:
        """The members, for people."""
        return ", ".join(self.endpoints)


def parse(store: str | StoreOptions) -> StoreOptions:
    """The options of `etcd://[USER:PASSWORD@]HOST:PORT[,HOST:PORT...][?prefix=/p&ca=FILE&cert=FILE&key=FILE]`;
    `etcds://` for TLS.

    Raises:
        ValueError: it cannot be read; one sentence says why.
    """
    if isinstance(store, StoreOptions):
        return _checked(store)
    for scheme in (PLAIN, SECURE):
        if store.startswith(scheme):
            break
    else:
        raise ValueError(f"store={store!r}: write the address of an etcd, such as etcd://127.0.0.1:2379")
    rest, _, query = store.removeprefix(scheme).partition("?")
    who, _, members = rest.rpartition("@")
    user, _, password = who.partition(":")
    words = dict(parse_qsl(query, keep_blank_values=True))
    for word in words:
        if word not in _WORDS:
            raise ValueError(f"store={store!r}: there is no option {word!r}; there are {', '.join(_WORDS)}")
    endpoints, slash, path = members.partition("/")
    if slash and path:
        raise ValueError(f"store={store!r}: keys go below a prefix by an option, ?prefix=/{path}")
    timeout_ms = parse_duration(words["timeout"]) if "timeout" in words else 5_000
    return _checked(
        StoreOptions(
            tuple(endpoints.split(",")),
            words.get("prefix", ""),
            words.get("user", unquote(user)),
            words.get("password", unquote(password)),
            words.get("ca", ""),
            words.get("cert", ""),
            words.get("key", ""),
            scheme == SECURE,
            timeout_ms,
            words.get("seed", ""),
        )
    )


def _checked(options: StoreOptions) -> StoreOptions:
    for endpoint in options.endpoints:
        host, _, port = endpoint.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{endpoint!r} is no endpoint of an etcd: write HOST:PORT, such as 127.0.0.1:2379")
    if not options.endpoints:
        raise ValueError("a store needs an endpoint, such as 127.0.0.1:2379")
    if options.prefix and not (options.prefix.startswith("/") and not options.prefix.endswith("/")):
        raise ValueError(f"prefix {options.prefix!r}: begin it with a slash and do not end it with one, as in /team-a")
    if bool(options.cert) != bool(options.key):
        raise ValueError("a client certificate needs both its files: give cert and key")
    if options.user and not options.password:
        raise ValueError(f"user {options.user} needs a password: give password, or etcd://USER:PASSWORD@...")
    return options
