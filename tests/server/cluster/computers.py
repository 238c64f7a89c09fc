"""A real Ray cluster on loopback, in a process of its own: two computers with one worker's room each.

As a script it makes the cluster, says where it is in one line of JSON, and ends a computer or everything as it is told
on its standard input. The tests' own process never imports Ray.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType

OBJECTS = 100 << 20
"""Bytes of each computer's object store: small, because pieces travel one by one."""
PATIENCE = 120.0
"""Seconds that making the cluster may take on a busy machine; then what there is of it is ended."""


class Computers:
    """The cluster, from outside. A context: at its end every process of it is gone."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="llr-"))  # short: Ray's sockets lie in it
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RAY_USAGE_STATS_ENABLED": "0",
            "TMPDIR": str(self.folder),
            "OMP_NUM_THREADS": "1",
        }
        with (self.folder / "errors").open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(self.folder / "ray")],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        line = self._ask("")
        if not line:
            why = (self.folder / "errors").read_text()
            self.__exit__(None, None, None)
            raise AssertionError(f"there is no cluster: {why}")
        said = json.loads(line)
        # not "127.0.0.1": Ray would replace that by the address of a network interface
        self.address = f"[::ffff:127.0.0.1]:{said['port']}"
        self.nodes: list[str] = said["nodes"]

    def __enter__(self) -> Computers:
        return self

    def end(self, node: str) -> None:
        """Take away a computer: its raylet and everything that runs under it get SIGKILL."""
        assert self._ask(f"end {node}") == "ended"

    def processes(self) -> set[int]:
        """The process ids of everything in the cluster."""
        return session(self._process.pid)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            for pid in session(self._process.pid) | {self._process.pid}:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self._process.wait(30)
            assert self._process.stdout is not None
            self._process.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if line:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        watchdog = threading.Timer(PATIENCE, self._process.kill)
        watchdog.start()
        try:
            return self._process.stdout.readline().strip()
        finally:
            watchdog.cancel()
            watchdog.join()


def session(leader: int) -> set[int]:
    """Every living process of a session (Ray's own make no sessions of theirs)."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] not in "ZX":
            found.add(int(stat.parent.name))
    return found


def children(parent: int) -> set[int]:
    """Every descendant of a process."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, grown = {parent}, True
    while grown:
        more = {pid for pid, above in parents.items() if above in found} - found
        grown = bool(more)
        found |= more
    return found - {parent}


def main(folder: str) -> None:
    from ray.cluster_utils import Cluster

    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    common = {"num_cpus": 1, "object_store_memory": OBJECTS, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
    cluster = Cluster(initialize_head=True, connect=False, head_node_args={**common, "temp_dir": folder})
    nodes = {node.unique_id: node for node in (cluster.head_node, cluster.add_node(**common))}
    print(json.dumps({"port": int(cluster.address.rpartition(":")[2]), "nodes": list(nodes)}), file=out, flush=True)
    for line in sys.stdin:
        node = nodes[line.split()[1]]
        [raylet] = node.all_processes["raylet"]
        for pid in (raylet.process.pid, *children(raylet.process.pid)):
            os.kill(pid, signal.SIGKILL)
        cluster.remove_node(node, allow_graceful=False)
        print("ended", file=out, flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
