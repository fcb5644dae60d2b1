"""Scripted gRPC calls to an EventStoreDB server, and its answers in a form that can be compared.

A scenario is a list of steps. Placeholders keep runs apart: «s:NAME» is a stream
of the run, «g:NAME» a group, «p:NAME» a projection, «u:N» an event id, «x:N» a
JSON string of N bytes. Answers are normalised: unknown ids, positions and times
become tokens, so that two servers that behave alike give equal answers.

    {"call": RPC, "in": MESSAGE | [MESSAGES]}    one call to its end, or to `take` messages
    {"open": KEY, "call": RPC, "in": [...]}      a streaming call that is left open
    {"send": KEY, "in": MESSAGE}                 one more request on it
    {"collect": KEY, "take": N, "wait": SECONDS} what has arrived on it
    {"close": KEY} · {"sleep": SECONDS}

`"unordered": true` compares a collection as a set; `"drop"` removes fields.
"""

from __future__ import annotations

import base64
import gzip
import json
import queue
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format

from esnb.clients.installed import (
    gossip_pb2,
    persistent_pb2,
    projections_pb2,
    shared_pb2,
    streams_pb2,
)

Json = Any

_STREAMS = "event_store.client.streams.Streams"
_GROUPS = "event_store.client.persistent_subscriptions.PersistentSubscriptions"
_PROJECTIONS = "event_store.client.projections.Projections"
_UNARY, _OUT, _IN, _BOTH = (False, False), (False, True), (True, False), (True, True)

# The RPC's path, the module and the prefix of its messages, who streams.
RPCS: dict[str, tuple[str, Any, str, tuple[bool, bool]]] = {
    "Read": (f"{_STREAMS}/Read", streams_pb2, "Read", _OUT),
    "Append": (f"{_STREAMS}/Append", streams_pb2, "Append", _IN),
    "BatchAppend": (f"{_STREAMS}/BatchAppend", streams_pb2, "BatchAppend", _BOTH),
    "Delete": (f"{_STREAMS}/Delete", streams_pb2, "Delete", _UNARY),
    "Tombstone": (f"{_STREAMS}/Tombstone", streams_pb2, "Tombstone", _UNARY),
    "PSCreate": (f"{_GROUPS}/Create", persistent_pb2, "Create", _UNARY),
    "PSUpdate": (f"{_GROUPS}/Update", persistent_pb2, "Update", _UNARY),
    "PSDelete": (f"{_GROUPS}/Delete", persistent_pb2, "Delete", _UNARY),
    "PSRead": (f"{_GROUPS}/Read", persistent_pb2, "Read", _BOTH),
    "PSInfo": (f"{_GROUPS}/GetInfo", persistent_pb2, "GetInfo", _UNARY),
    "PSList": (f"{_GROUPS}/List", persistent_pb2, "List", _UNARY),
    "PSReplay": (f"{_GROUPS}/ReplayParked", persistent_pb2, "ReplayParked", _UNARY),
    "PCreate": (f"{_PROJECTIONS}/Create", projections_pb2, "Create", _UNARY),
    "PUpdate": (f"{_PROJECTIONS}/Update", projections_pb2, "Update", _UNARY),
    "PDelete": (f"{_PROJECTIONS}/Delete", projections_pb2, "Delete", _UNARY),
    "PStats": (f"{_PROJECTIONS}/Statistics", projections_pb2, "Statistics", _OUT),
    "PDisable": (f"{_PROJECTIONS}/Disable", projections_pb2, "Disable", _UNARY),
    "PEnable": (f"{_PROJECTIONS}/Enable", projections_pb2, "Enable", _UNARY),
    "PReset": (f"{_PROJECTIONS}/Reset", projections_pb2, "Reset", _UNARY),
    "PState": (f"{_PROJECTIONS}/State", projections_pb2, "State", _UNARY),
    "PResult": (f"{_PROJECTIONS}/Result", projections_pb2, "Result", _UNARY),
}
_BYTES = {"stream_name", "data", "custom_metadata"}
_POSITIONS = {"commit_position", "prepare_position"}
_VOLATILE = {
    "created", "subscription_id", "from", "connection_name", "time_stamp", "instance_id",
    "port", "deadline", "stateReason",
}  # fmt: skip
_LEFT_OUT = {  # numbers that may be zero, and then absent
    "average_per_second", "count_since_last_measurement", "observed_measurements",
    "average_items_per_second", "coreProcessingTime", "epoch", "progress",
    "eventsProcessedAfterRestart", "lastCheckpoint", "position",
}  # fmt: skip
_IGNORED_TRAILERS = {
    "date", "server", "content-length", "grpc-status-details-bin", "grpc-server-stats-bin",
}  # fmt: skip
_HEADERS = (("requires-leader", "true"), ("connection-name", "conformance"))
_THREW = "Exception was thrown by handler."
_END = "<end>"


def recorded(name: str) -> list[Json]:
    """The scenarios of a recording, each with the answers of a real server."""
    path = Path(__file__).with_name("recordings") / f"{name}.json.gz"
    scenarios: list[Json] = json.loads(gzip.decompress(path.read_bytes()))["scenarios"]
    return scenarios


def alike(want: Json, got: Json) -> bool:
    """Equal; but any text will do where the real server only says that its handler threw."""
    if want == _THREW:
        return isinstance(got, str)
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() == got.keys() and all(alike(want[key], got[key]) for key in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(want) == len(got) and all(map(alike, want, got))
    return bool(want == got)


class Names:
    """The placeholders of one run, both ways."""

    def __init__(self) -> None:
        self.run = uuid.uuid4().hex[:10]
        self._known: dict[str, str] = {}

    def put(self, text: str) -> str:
        """`text` with names for its placeholders."""

        def real(match: re.Match[str]) -> str:
            kind, name = match[1], match[2]
            value = (
                str(uuid.uuid5(uuid.NAMESPACE_OID, self.run + name))
                if kind == "u"
                else f"conf{kind}{name}-{self.run}"
            )
            self._known[value] = match[0]
            return value

        text = re.sub(r"«x:(\d+)»", lambda found: f'"{"x" * (int(found[1]) - 2)}"', text)
        return re.sub(r"«([sgpu]):([^»]+)»", real, text)

    def back(self, text: str) -> str:
        """`text` with placeholders for its names, and tokens for what differs by run."""
        for value, token in sorted(self._known.items(), key=lambda item: -len(item[0])):
            text = text.replace(value, token)
        text = re.sub(r'"x{500,}"', lambda found: f"«x:{len(found[0])}»", text)
        text = re.sub(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", "<uuid>", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", "<time>", text)
        text = re.sub(r"C:\d+/P:\d+", "<position>", text)
        text = re.sub(r'"\$v":"[-\d:]+"', '"$v":"<version>"', text)
        text = re.sub(r'"\$([cp])":\d+', r'"$\1":"<position>"', text)
        return re.sub(r"\d+\.\d+\.\d+\.\d+:\d+|\[::1\]:\d+", "<address>", text)

    def outgoing(self, value: Json, key: str = "") -> Json:
        """A scripted message as it is sent."""
        if isinstance(value, dict):
            return {name: self.outgoing(part, name) for name, part in value.items()}
        if isinstance(value, list):
            return [self.outgoing(part, key) for part in value]
        if isinstance(value, str):
            value = self.put(value)
            return base64.b64encode(value.encode()).decode() if key in _BYTES else value
        return value

    def incoming(self, value: Json, drop: set[str], key: str = "") -> Json:
        """An answer as it is compared."""
        if isinstance(value, dict):
            if set(value) == {"most_significant_bits", "least_significant_bits"}:
                high, low = (int(value[part]) % 2**64 for part in sorted(value, reverse=True))
                return self.back(str(uuid.UUID(int=high << 64 | low)))
            return {
                name: self.incoming(part, drop, name)
                for name, part in value.items()
                if name not in drop and (name not in _LEFT_OUT or isinstance(part, dict | list))
            }
        if isinstance(value, list):
            return [self.incoming(part, drop, key) for part in value]
        if key in _POSITIONS:
            return "<position>" if str(value) not in ("0", str(2**64 - 1)) else str(value)
        if key in _VOLATILE:
            return "<volatile>"
        if isinstance(value, str):
            if key in _BYTES:
                raw = base64.b64decode(value)
                try:
                    value = raw.decode()
                except UnicodeDecodeError:
                    return f"<bytes {raw.hex()}>"
            return self.back(value)
        return value

    def answer(self, message: Any, drop: set[str]) -> Json:
        """A message, an error or an end as it is compared."""
        if isinstance(message, str):
            return message
        if isinstance(message, grpc.RpcError):
            return self._error(message)
        fields = json_format.MessageToDict(message, preserving_proto_field_name=True)
        error = fields.get("error")
        details = error.pop("details", None) if isinstance(error, dict) else None
        out = self.incoming(fields, drop)
        if details:
            out["error"]["details"] = self.incoming(details, drop)
        return out

    def _error(self, error: Any) -> Json:
        trailers = {
            key: self.back(value if isinstance(value, str) else value.hex())
            for key, value in (error.trailing_metadata() or ())
            if key not in _IGNORED_TRAILERS
        }
        return {
            "status": error.code().name,
            "details": self.back(error.details() or ""),
            "trailers": trailers,
        }


class OpenCall:
    """A streaming call left open."""

    def __init__(
        self, call: Callable[[Any], Any], requests: Sequence[Any], streams_in: bool, request: Any
    ) -> None:
        self.request = request
        self._sent: queue.Queue[Any] = queue.Queue()
        self._got: queue.Queue[Any] = queue.Queue()
        for message in requests:
            self._sent.put(message)
        self._call = call(self._feed()) if streams_in else call(requests[0])
        threading.Thread(target=self._drain, daemon=True).start()

    def send(self, message: Any) -> None:
        self._sent.put(message)

    def collect(self, take: int, wait: float) -> list[Any]:
        """Up to `take` messages, or what comes before `wait` seconds are over."""
        got: list[Any] = []
        deadline = time.monotonic() + wait
        while len(got) < take and (left := deadline - time.monotonic()) > 0:
            try:
                got.append(self._got.get(timeout=left))
            except queue.Empty:
                break
            if isinstance(got[-1], str | grpc.RpcError):
                break
        return got

    def close(self) -> None:
        self._sent.put(None)
        self._call.cancel()

    def _feed(self) -> Iterator[Any]:
        while (message := self._sent.get()) is not None:
            yield message

    def _drain(self) -> None:
        try:
            for message in self._call:
                self._got.put(message)
            self._got.put(_END)
        except grpc.RpcError as error:
            self._got.put(error)


class Conversation:
    """One run of a scenario."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._names = Names()
        self._open: dict[str, OpenCall] = {}

    def held(self, steps: Sequence[Json]) -> list[Json]:
        """The answers to all steps that have one."""
        answers = []
        try:
            for step in steps:
                if "sleep" in step:
                    time.sleep(step["sleep"])  # the scenario waits for events to grow old
                elif "close" in step:
                    self._open.pop(step["close"]).close()
                elif "send" in step:
                    opened = self._open[step["send"]]
                    opened.send(self._message(step["in"], opened.request))
                elif "collect" in step:
                    got = self._open[step["collect"]].collect(
                        step.get("take", 99), step.get("wait", 2.0)
                    )
                    answers.append(self._compared(got, step))
                else:
                    answers += self._called(step)
        finally:
            for opened in self._open.values():
                opened.close()
        return answers

    def _called(self, step: Json) -> list[Json]:
        streams_in, streams_out = (False, False)
        if step["call"] == "Gossip":
            path, request, response = (
                "event_store.client.gossip.Gossip/Read",
                shared_pb2.Empty,
                gossip_pb2.ClusterInfo,
            )
        else:
            path, module, prefix, (streams_in, streams_out) = RPCS[step["call"]]
            request = getattr(module, f"{prefix}Req")
            response = getattr(module, f"{prefix}Resp")
        kind = f"{'stream' if streams_in else 'unary'}_{'stream' if streams_out else 'unary'}"
        stub = getattr(self._channel, kind)(
            f"/{path}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        scripted = step["in"] if isinstance(step["in"], list) else [step["in"]]
        requests = [self._message(message, request) for message in scripted]

        def call(argument: Any) -> Any:
            return stub(argument, metadata=_HEADERS, timeout=step.get("timeout", 20))

        if "open" in step:
            self._open[step["open"]] = OpenCall(call, requests, streams_in, request)
            return []
        if streams_in and streams_out:  # as clients do: the requests end after the answers
            opened = OpenCall(call, requests, True, request)
            got = opened.collect(step["take"], 10)
            opened.close()
            return [self._compared(got, step)]
        try:
            answer = call(iter(requests) if streams_in else requests[0])
            if not streams_out:
                return [self._names.answer(answer, set(step.get("drop", ())))]
            return [self._taken(answer, step)]
        except grpc.RpcError as error:
            return [self._names.answer(error, set())]

    def _taken(self, answer: Any, step: Json) -> Json:
        out = []
        for message in answer:
            out.append(self._names.answer(message, set(step.get("drop", ()))))
            if len(out) >= step.get("take", 10_000):
                answer.cancel()
                break
        return out

    def _compared(self, messages: Sequence[Any], step: Json) -> Json:
        out = [self._names.answer(message, set(step.get("drop", ()))) for message in messages]
        if step.get("unordered"):
            out.sort(key=lambda answer: json.dumps(answer, sort_keys=True))
        return out

    def _message(self, scripted: Json, kind: Any) -> Any:
        return json_format.ParseDict(self._names.outgoing(scripted), kind())


def differences(recorded_answers: list[Json], got: list[Json]) -> list[str]:
    """What a server answered otherwise than was recorded, an answer each."""
    return [
        f"answer {index}\n  recorded {recorded_one}\n  got      {got_one}"
        for index, (recorded_one, got_one) in enumerate(zip(recorded_answers, got, strict=True))
        if not alike(recorded_one, got_one)
    ]
