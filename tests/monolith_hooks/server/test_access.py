"""Who gets in: what interop's cases, which both languages play, don't show.

Those are in parity/interop/cases/access.py.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from cryptography.hazmat.primitives import serialization
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from monolith_hooks import AccessError, ClientAccess, ServerAccess
from monolith_hooks.server.access import GuardedServer
from monolith_hooks.server.audit import log_audit
from monolith_hooks.server.channels import open_channel
from monolith_hooks.server.service_pb2 import (
    GetBlockStatusRequest,
    GetBlockStatusResponse,
    SaveCheckpointRequest,
    SaveCheckpointResponse,
    StopTrainingRequest,
    StopTrainingResponse,
)
from monolith_hooks.server.service_pb2_grpc import (
    ControllerServicer,
    ControllerStub,
    add_ControllerServicer_to_server,
)
from parity.interop.credentials import make_credentials

SECONDS = 20


class Slow(ControllerServicer):
    """A controller whose saves last until they are let go."""

    def __init__(self):
        self.saving = threading.Semaphore(0)
        self.let_go = threading.Event()

    def SaveCheckpoint(self, request, context):
        self.saving.release()
        self.let_go.wait()
        return SaveCheckpointResponse()

    def StopTraining(self, request, context):
        return StopTrainingResponse()

    def GetBlockStatus(self, request, context):
        return GetBlockStatusResponse()


@pytest.fixture
def files(tmp_path):
    make_credentials(tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def serve():
    """Serves a slow controller with some access, and returns its address and itself."""
    with contextlib.ExitStack() as stack:

        def start(access):
            pools = [stack.enter_context(ThreadPoolExecutor(n)) for n in (2, 1)]
            server, slow = GuardedServer(access, *pools), Slow()
            add_ControllerServicer_to_server(slow, server.server)
            port = server.listen()
            server.start(["Controller"])
            stack.callback(lambda: (slow.let_go.set(), server.server.stop(None).wait()))
            return server.published(port, "127.0.0.1:{}".format), slow, server

        yield start


@pytest.fixture
def client():
    """Opens a channel."""
    with contextlib.ExitStack() as stack:
        yield lambda addr, **options: stack.enter_context(
            open_channel(addr, ClientAccess(**options))
        )


def code_of(call):
    with pytest.raises(grpc.RpcError) as failed:
        call()
    return failed.value.code(), failed.value.details()


def both_handlers_busy(channel, slow):
    stub = ControllerStub(channel)
    saves = [stub.SaveCheckpoint.future(SaveCheckpointRequest()) for _ in range(2)]
    for _ in saves:
        assert slow.saving.acquire(timeout=SECONDS)
    return saves


def test_refusals_and_probes_do_not_wait_for_saves_under_way(files, serve, client):
    addr, slow, _ = serve(
        ServerAccess("127.0.0.1:0", token_file=str(files / "tokens"), health_service=True)
    )
    both_handlers_busy(client(addr, token_file=str(files / "operator.token")), slow)
    stranger = client(addr)
    refused = code_of(
        lambda: ControllerStub(stranger).StopTraining(StopTrainingRequest(), timeout=SECONDS)
    )
    assert refused == (grpc.StatusCode.UNAUTHENTICATED, "This controller needs a token.")
    probe = health_pb2_grpc.HealthStub(stranger)
    answer = probe.Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_options_are_by_default_what_the_original_does_and_bounded():
    assert vars(ServerAccess()) == {
        "address": "[::]:0",
        "certificate": None,
        "private_key": None,
        "client_ca": None,
        "token_file": None,
        "max_request_bytes": 65_536,
        "max_metadata_bytes": 8_192,
        "max_concurrent_calls": 64,
        "max_deadline_seconds": None,
        "health_service": False,
        "reflection": False,
        "audit": log_audit,
        "remove_address_file": False,
    }


@pytest.mark.parametrize(
    ("package", "option"),
    [("grpc_health.v1", "health_service"), ("grpc_reflection.v1alpha", "reflection")],
)
def test_a_package_that_is_not_installed_is_said(serve, monkeypatch, package, option):
    monkeypatch.setitem(sys.modules, package, None)
    said = f"{option} needs the extra 'probes': pip install 'monolith-hooks-parity[probes]'"
    with pytest.raises(AccessError, match=re.escape(said)):
        serve(ServerAccess(**{option: True}))


def test_calls_beyond_the_bound_are_refused_at_once(serve, client):
    addr, slow, _ = serve(ServerAccess("127.0.0.1:0", max_concurrent_calls=2))
    channel = client(addr)
    saves = both_handlers_busy(channel, slow)
    stub = ControllerStub(channel)
    code, _ = code_of(lambda: stub.GetBlockStatus(GetBlockStatusRequest(), timeout=SECONDS))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    slow.let_go.set()
    assert [save.result(SECONDS) for save in saves] == [SaveCheckpointResponse()] * 2


def test_metadata_beyond_the_bound_is_refused(serve, client):
    records = []
    addr, _, _ = serve(ServerAccess("127.0.0.1:0", max_metadata_bytes=1000, audit=records.append))
    stub = ControllerStub(client(addr))
    fits, exceeds = [("x", "y" * 700)], [("x", "y" * 1000)]
    assert stub.StopTraining(StopTrainingRequest(), metadata=fits, timeout=SECONDS) is not None
    code, details = code_of(
        lambda: stub.StopTraining(StopTrainingRequest(), metadata=exceeds, timeout=SECONDS)
    )
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details.endswith("bytes; at most 1000 are taken.")
    assert [each.code for each in records] == ["OK", "RESOURCE_EXHAUSTED"]


def test_a_call_without_a_deadline_is_refused_where_one_is_asked_for(serve, client):
    addr, _, _ = serve(ServerAccess("127.0.0.1:0", max_deadline_seconds=60))
    stub = ControllerStub(client(addr))
    refused = code_of(lambda: stub.StopTraining(StopTrainingRequest()))
    assert refused == (grpc.StatusCode.INVALID_ARGUMENT, "A deadline of at most 60 s is needed.")
    assert stub.StopTraining(StopTrainingRequest(), timeout=59) == StopTrainingResponse()


@pytest.mark.parametrize("sent", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "", "x" * 300])
def test_what_is_no_bearer_token_is_unknown(files, serve, client, sent):
    addr, _, _ = serve(ServerAccess("127.0.0.1:0", token_file=str(files / "tokens")))
    stub = ControllerStub(client(addr))
    refused = code_of(
        lambda: stub.GetBlockStatus(
            GetBlockStatusRequest(), metadata=[("authorization", sent)], timeout=SECONDS
        )
    )
    assert refused == (grpc.StatusCode.UNAUTHENTICATED, "The token is unknown.")


def test_two_tokens_in_a_call_are_none(files, serve, client):
    addr, _, _ = serve(ServerAccess("127.0.0.1:0", token_file=str(files / "tokens")))
    twice = [("authorization", f"Bearer {(files / 'reader.token').read_text()}")] * 2
    stub = ControllerStub(client(addr))
    code, _ = code_of(
        lambda: stub.GetBlockStatus(GetBlockStatusRequest(), metadata=twice, timeout=SECONDS)
    )
    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_an_audit_line_cannot_be_forged_by_a_method(files, serve, client):
    records = []
    access = ServerAccess("127.0.0.1:0", token_file=str(files / "tokens"), audit=records.append)
    addr, _, _ = serve(access)
    method = "/Controller/a code=OK who=alice" + "x" * 99
    code, _ = code_of(lambda: client(addr).unary_unary(method)(b"", timeout=SECONDS))
    assert code is grpc.StatusCode.UNAUTHENTICATED
    (record,) = records
    assert record.method == ("a?code?OK?who?alice" + "x" * 99)[:64]
    assert len(record.line().split()) == 4


def test_the_audit_is_logged_by_default(serve, client, monkeypatch):
    logged = []
    monkeypatch.setattr("absl.logging.info", lambda text, *words: logged.append(text % words))
    access = ServerAccess("127.0.0.1:0")
    assert access.audit is log_audit
    addr, _, _ = serve(access)
    ControllerStub(client(addr)).StopTraining(StopTrainingRequest(), timeout=SECONDS)
    (line,) = logged
    assert line.startswith("audit: who=- from=127.0.0.1:")
    assert line.endswith(" method=StopTraining code=OK")


def test_reflection_lists_the_services_to_those_who_may_look(files, serve, client):
    access = ServerAccess("127.0.0.1:0", reflection=True, token_file=str(files / "tokens"))
    addr, _, _ = serve(access)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    stub = reflection_pb2_grpc.ServerReflectionStub(client(addr))
    token = (files / "reader.token").read_text()
    answers = stub.ServerReflectionInfo(
        iter([asked]), metadata=[("authorization", f"Bearer {token}")], timeout=SECONDS
    )
    names = [each.name for each in next(iter(answers)).list_services_response.service]
    assert names == ["Controller", "grpc.reflection.v1alpha.ServerReflection"]
    code, _ = code_of(lambda: list(stub.ServerReflectionInfo(iter([asked]), timeout=SECONDS)))
    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_a_unix_socket_is_its_owners_replaces_a_dead_one_and_goes_at_the_end(
    tmp_path, serve, client
):
    path = tmp_path / "controller.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    addr, _, server = serve(ServerAccess(f"unix:{path}"))
    assert addr == f"unix:{path}"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    stub = ControllerStub(client(addr))
    assert stub.StopTraining(StopTrainingRequest(), timeout=SECONDS) == StopTrainingResponse()
    with pytest.raises(AccessError, match="in use by another server"):
        serve(ServerAccess(f"unix:{path}"))
    server.stop(0)
    assert os.listdir(tmp_path) == []


def test_a_socket_cannot_be_where_another_file_is_or_no_folder(tmp_path, serve):
    (tmp_path / "file").touch()
    with pytest.raises(AccessError, match="is there already, and isn't a socket"):
        serve(ServerAccess(f"unix:{tmp_path}/file"))
    with pytest.raises(AccessError, match="No such file or directory"):
        serve(ServerAccess(f"unix:{tmp_path}/none/s"))


def test_a_port_in_use_is_refused(serve):
    addr, _, _ = serve(ServerAccess("127.0.0.1:0"))
    with pytest.raises(AccessError, match=f"{addr} can't be listened on"):
        serve(ServerAccess(addr))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"certificate": "c"}, "certificate and private_key together"),
        ({"client_ca": "c"}, "client_ca needs certificate and private_key"),
        ({"token_file": "t"}, "anyone on the network can read the tokens"),
        ({"token_file": "t", "address": "10.0.0.1:0"}, "anyone on the network"),
        ({"address": "localhost"}, "expected the address as host:port"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, said):
    with pytest.raises(AccessError, match=said):
        ServerAccess(**options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"certificate": "c"}, "certificate and private key together"),
        ({"certificate": "c", "private_key": "k"}, "certificate needs ca"),
        ({"server_name": "n"}, "server_name needs ca"),
    ],
)
def test_a_clients_too(options, said):
    with pytest.raises(AccessError, match=said):
        ClientAccess(**options)


def test_a_token_does_not_leave_the_machine_in_the_clear(files):
    token = str(files / "operator.token")
    with pytest.raises(AccessError, match=r"a token for 10\.0\.0\.1:80 needs ca"):
        open_channel("10.0.0.1:80", ClientAccess(token_file=token))
    for addr in ("127.0.0.9:80", "[::1]:80", "localhost:80", "unix:/tmp/s"):
        open_channel(addr, ClientAccess(token_file=token)).close()


def test_a_key_of_another_certificate_is_said_before_anything_listens(files, serve):
    with pytest.raises(AccessError, match="aren't a certificate and its key"):
        serve(
            ServerAccess(
                certificate=str(files / "server.pem"), private_key=str(files / "client.key")
            )
        )


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(files, serve):
    key = serialization.load_pem_private_key((files / "server.key").read_bytes(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (files / "locked.key").write_bytes(locked)
    with pytest.raises(AccessError, match="aren't a certificate and its key"):
        serve(
            ServerAccess(
                certificate=str(files / "server.pem"), private_key=str(files / "locked.key")
            )
        )


def test_a_proxy_that_is_named_is_used(serve, proxy):
    addr, _, _ = serve(ServerAccess("127.0.0.1:0"))
    with open_channel(addr, ClientAccess(proxy=f"http://{proxy.address}")) as channel:
        code_of(lambda: ControllerStub(channel).StopTraining(StopTrainingRequest(), timeout=5))
    assert proxy.heard
    assert proxy.heard[0].startswith(f"CONNECT {addr}".encode())
