"""`cp-sim etcd`: a cluster's store on a port, for the real etcdctl."""

from __future__ import annotations

import argparse

from cp_sim.commands.counting import count
from cp_sim.commands.refusal import Refusal


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command known to the command line."""
    about = "run a cluster in real time and let the real etcdctl speak to its store, until interrupted"
    etcd = commands.add_parser("etcd", help=about, description=about)
    etcd.add_argument("--port", type=count, default=2379, help="where to listen (2379); 0 for any port that is free")
    etcd.add_argument("--workers", type=count, default=3, help="how many worker nodes (3)")
    etcd.add_argument("--control-planes", type=count, default=1, help="how many control planes (1)")
    etcd.add_argument("--seed", type=count, default=0, help="of all chance (0)")
    etcd.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted.  *Raises* `Refusal`."""
    from cp_sim.cluster import Cluster
    from cp_sim.gateway.real_time import pass_time

    try:
        cluster = Cluster(options.control_planes, options.workers, options.seed)
        with cluster.serve_etcd(options.port) as server:
            print(f"the store listens on {', '.join(server.endpoints)}; in another terminal:", flush=True)
            print(server.command, flush=True)
            pass_time(cluster)
    except (ValueError, ModuleNotFoundError) as problem:
        raise Refusal(str(problem)) from None
    except KeyboardInterrupt:
        print("the store has stopped")
    return 0
