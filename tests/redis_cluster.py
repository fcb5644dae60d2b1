"""A Valkey cluster of three nodes of a test's own, each with a third of the slots."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from typing import Self

import redis

from tests.redis_server import redis_program
from tests.reserved_port import ReservedPort
from tests.waiting import until

NODES = 3
SLOTS = 16384


class RedisCluster:
    """Three primaries on loopback; their data outlive `kill()` and `start()` of a node."""

    def __init__(self) -> None:
        self._home = tempfile.mkdtemp(prefix="esnb-cluster-", dir="/tmp")
        self._reserved = [ReservedPort() for _ in range(2 * NODES)]
        ports = [each.number for each in self._reserved]
        self.ports, self._buses = ports[:NODES], ports[NODES:]
        self._processes: list[subprocess.Popen[bytes] | None] = [None] * NODES
        self.url = f"redis://127.0.0.1:{self.ports[0]}?cluster=true"

    def __enter__(self) -> Self:
        try:
            for node in range(NODES):
                self.start(node)
            self._join()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        for node in range(NODES):
            self.kill(node)
        for port in self._reserved:
            port.__exit__()
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self, node: int) -> None:
        """Returns when it answers."""
        port = self.ports[node]
        self._processes[node] = subprocess.Popen(
            [
                redis_program(),
                *("--port", str(port), "--bind", "127.0.0.1", "--dir", self._home),
                *("--cluster-enabled", "yes", "--cluster-port", str(self._buses[node])),
                *("--cluster-config-file", f"nodes-{port}.conf", "--cluster-node-timeout", "15000"),
                *("--appendonly", "yes", "--appenddirname", f"aof-{port}", "--save", ""),
                *("--logfile", f"{self._home}/{port}.log", "--enable-debug-command", "yes"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(
            lambda: self.client(node).ping(),
            "the node's answer",
            despite=redis.RedisError,
        )

    def kill(self, node: int) -> None:
        """Ends it at once, as a crash does."""
        process = self._processes[node]
        if process is not None:
            process.kill()
            process.wait(60)
            self._processes[node] = None

    def client(self, node: int) -> redis.Redis:
        """Of one node, which sends away who asks it for another's keys."""
        return redis.Redis(port=self.ports[node], socket_timeout=60)

    def is_whole(self) -> bool:
        """Whether every node says that all slots are served."""
        return all(
            b"cluster_state:ok" in self._info(node)
            and b"cluster_known_nodes:%d" % NODES in self._info(node)
            for node in range(NODES)
        )

    def wait_until_whole(self) -> None:
        until(self.is_whole, "the cluster is whole", despite=redis.RedisError)

    def _info(self, node: int) -> bytes:
        answer = self.client(node).execute_command("CLUSTER INFO")
        if isinstance(answer, dict):  # as redis-py parses it
            return "\n".join(f"{name}:{value}" for name, value in answer.items()).encode()
        return bytes(answer)

    def _join(self) -> None:
        for node in range(NODES):
            first, last = SLOTS * node // NODES, SLOTS * (node + 1) // NODES - 1
            self.client(node).execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            self.client(node).execute_command("CLUSTER SET-CONFIG-EPOCH", node + 1)
            if node:
                self.client(node).execute_command(
                    "CLUSTER MEET", "127.0.0.1", self.ports[0], self._buses[0]
                )
        self.wait_until_whole()
