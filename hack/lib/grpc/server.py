"""Servers that the tests of hack/grpc call: server.py FOLDER

grpcio's own, with and without TLS, and beside them what else may listen at a port. It makes certificates in FOLDER, and
writes the ports there, in servers.json, once all of them listen. It ends with its standard input, so it can't stay
behind. All of it listens on 127.0.0.1.

Methods of test.Fixture take and give bytes as they are:
  Fields     the metadata of the call, "name=value" a line, sorted
  Wait       waits until the caller is gone, or its time over
  Allowed    the seconds that the last Wait was given, as text
  Fail       ends with the code whose number is the message, and a text that needs an encoding
  Large      as many bytes as the message says
  Die        ends the process of that server within the call
  Stop       stops that server within the call
  Leave      stops that server, and ends the call before
"""

import concurrent.futures
import http.server
import json
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

import grpc
import grpc_tools.protoc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

HOSTS = 13_500
NAMED_SERVICE = "dfdaemon.v2.DfdaemonUpload"
DEFINITIONS = ["daemons.proto", "dfdaemon.proto", "manager.proto"]
apart = []
TEXT = "Größe über 100 %: キャッシュ\nab \x1b[31m"


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def certificates(folder):
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for name in ["ca", "stranger"]:
        openssl(folder, "req", "-x509", *key, "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.crt")
    for name, ca, extension in [
        ("server", "ca", "subjectAltName=DNS:scheduler.test,IP:127.0.0.1"),
        ("client", "ca", "extendedKeyUsage=clientAuth"),
        ("mallory", "stranger", "extendedKeyUsage=clientAuth"),
    ]:
        with open(f"{folder}/{name}.ext", "w", encoding="utf-8") as file:
            file.write(f"{extension}\n")
        openssl(folder, "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key",
                "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")


def read(folder, name):
    with open(f"{folder}/{name}", "rb") as file:
        return file.read()


def definitions(folder):
    """The classes of daemons.proto, compiled with the others by protobuf's own compiler."""
    here = os.path.dirname(os.path.abspath(__file__))
    well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    code = grpc_tools.protoc.main(["protoc", f"-I{here}", f"-I{well_known}", f"--python_out={folder}",
                                   f"--grpc_python_out={folder}", *DEFINITIONS])
    if code != 0:
        sys.exit(f"can't be compiled: {DEFINITIONS}")
    sys.path.insert(0, folder)
    import daemons_pb2
    import daemons_pb2_grpc
    return daemons_pb2, daemons_pb2_grpc


def host(messages, index):
    """One with every field, those that nobody knows yet among them."""
    ip = f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}"
    return messages.Host(
        id=f"{ip}-node-{index}", type=0, hostname=f"node-{index}", ip=ip, port=4000, download_port=4000, os="linux",
        platform="debian", platform_family="debian", platform_version="12", kernel_version="6.1.0",
        cpu=messages.CPU(logical_count=8, physical_count=4, percent=12.5, process_percent=1.5),
        memory=messages.Memory(total=1 << 34, available=1 << 33, used=1 << 33, used_percent=50.0, free=1 << 32),
        network=messages.Network(
            tcp_connection_count=7, location="l", idc="i", old_download_rate=111, old_download_rate_limit=222,
            old_upload_rate=333, old_upload_rate_limit=444, max_rx_bandwidth=10, rx_bandwidth=0, max_tx_bandwidth=20,
            tx_bandwidth=5),
        disk=messages.Disk(total=1000, free=150, used=850, used_percent=85.0, read_bandwidth=1),
        build=messages.Build(git_version="1.4.0", git_commit="abc", platform="x86_64"),
        scheduler_cluster_id=1, disable_shared=True, proxy_port=4001, name=f"dragonfly-system-client-{index}",
        later_number=1, later_fixed32=2, later_fixed64=3, later_texts=["a" * 20, ""],
        later_hosts={"a": messages.Host(id="inner")})


def scheduler(messages, services):
    known = {}
    lock = threading.Lock()

    class Scheduler(services.SchedulerServicer):
        def AnnounceHost(self, request, context):
            with lock:
                known[request.host.id] = (request.host, request.interval)
            return messages.google_dot_protobuf_dot_empty__pb2.Empty()

        def ListHosts(self, request, context):
            with lock:
                hosts = [host for host, _ in known.values()]
            if not hosts:
                hosts = [host(messages, index) for index in range(HOSTS)]
            return messages.ListHostsResponse(hosts=hosts, later_text="later")

        def DeleteHost(self, request, context):
            with lock:
                if known.pop(request.host_id, None) is None:
                    context.abort(grpc.StatusCode.NOT_FOUND, f"host {request.host_id} not found")
            return messages.google_dot_protobuf_dot_empty__pb2.Empty()

    return Scheduler()


def other_daemons():
    """Methods of a daemon, of a scheduler about tasks, and of the manager; they say what they were asked."""
    import dfdaemon_pb2 as daemon
    import manager_pb2 as manager

    def stat_task(request, context):
        context.abort(grpc.StatusCode.INTERNAL, f"task {request.task_id} not found")

    def stat_local_task(request, context):
        answer = daemon.StatLocalTaskResponse(
            task_id=request.task_id, piece_length=4, content_length=0, uploading_count=5, uploaded_count=6,
            response_header={"set-cookie": "secret"})
        answer.created_at.seconds = 7
        answer.finished_at.seconds = 11
        answer.finished_at.nanos = 500
        return answer

    def scheduler_stat_task(request, context):
        return daemon.Task(id=request.task_id, type=2, url=request.host_id, tag="", request_header={"a": "b"},
                           content_length=9, piece_count=10, size_scope=3, state="Succeeded", peer_count=14)

    def list_schedulers(request, context):
        one = manager.Scheduler(id=1, hostname=request.hostname, idc="i", ip=request.ip, port=8002, state="active",
                                scheduler_cluster_id=request.scheduler_cluster_id, features=b"{}",
                                scheduler_cluster=manager.SchedulerCluster(id=2, name="c"))
        said = f"{request.source_type} {request.version} {request.commit}"
        return manager.ListSchedulersResponse(schedulers=[one, manager.Scheduler(state=said)])

    def handler(service, method, behaviour, request):
        unary = grpc.unary_unary_rpc_method_handler(
            behaviour, request_deserializer=request.FromString, response_serializer=lambda it: it.SerializeToString())
        return grpc.method_handlers_generic_handler(service, {method: unary})

    return [
        handler("dfdaemon.v2.DfdaemonUpload", "StatTask", stat_task, daemon.StatTaskRequest),
        handler("dfdaemon.v2.DfdaemonUpload", "StatLocalTask", stat_local_task, daemon.StatTaskRequest),
        handler("scheduler.v2.Scheduler", "StatTask", scheduler_stat_task, daemon.SchedulerStatTaskRequest),
        handler("manager.v2.Manager", "ListSchedulers", list_schedulers, manager.ListSchedulersRequest),
    ]


class Fixture:
    allowed = 0.0

    def __init__(self, server):
        self.server = server

    def Fields(self, request, context):
        return "\n".join(sorted(f"{name}={value}" for name, value in context.invocation_metadata())).encode()

    def Wait(self, request, context):
        Fixture.allowed = context.time_remaining()
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(30)
        return b""

    def Allowed(self, request, context):
        return str(Fixture.allowed).encode()

    def Fail(self, request, context):
        number = int(request)
        code = next(code for code in grpc.StatusCode if code.value[0] == number)
        context.abort(code, TEXT)

    def Large(self, request, context):
        return bytes(int(request))

    def Die(self, request, context):
        os._exit(0)

    def Stop(self, request, context):
        threading.Thread(target=self.server.stop, args=[0]).start()
        time.sleep(30)
        return b""

    def Leave(self, request, context):
        threading.Thread(target=self.server.stop, args=[20]).start()
        time.sleep(0.5)
        return b"done"

    def handler(self):
        names = [name for name in vars(Fixture) if name[0].isupper()]
        handlers = {name: grpc.unary_unary_rpc_method_handler(getattr(self, name)) for name in names}
        return grpc.method_handlers_generic_handler("test.Fixture", handlers)


def start(messages, services, credentials=None, compression=None):
    """A server of grpcio on a port of its own."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), compression=compression,
                         options=[("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)])
    state = health.HealthServicer()
    state.set("", health_pb2.HealthCheckResponse.SERVING)
    state.set(NAMED_SERVICE, health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    # Whatever is asked first has the word: the definition of the scheduler leaves tasks out.
    server.add_generic_rpc_handlers([Fixture(server).handler(), *other_daemons()])
    services.add_SchedulerServicer_to_server(scheduler(messages, services), server)
    where = "127.0.0.1:0"
    port = server.add_secure_port(where, credentials) if credentials else server.add_insecure_port(where)
    server.start()
    return server, port


def pair(folder):
    return [(read(folder, "server.key"), read(folder, "server.crt"))]


def mutual(folder):
    return grpc.ssl_server_credentials(pair(folder), read(folder, "ca.crt"), require_client_auth=True)


def run_apart(folder, is_mutual, pipe):
    messages, services = definitions(folder)
    # The server lives as long as this name.
    server, port = start(messages, services, mutual(folder) if is_mutual else None)
    pipe.send(port)
    try:
        pipe.recv()
    except EOFError:
        # Whoever started it is gone.
        os._exit(0)


def start_apart(folder, is_mutual=False):
    """A server that may end its process, and ends with this one."""
    ours, theirs = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    spawn.Process(target=run_apart, args=[folder, is_mutual, theirs], daemon=True).start()
    theirs.close()
    apart.append(ours)
    return ours.recv()


def listen(serve):
    """A port at which each connection is served by a function, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=serve, args=[peer], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def field(name, value):
    """A header field for HPACK, literal and without an index."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def gzip_anyway(peer):
    """Compresses its answer although nobody asked for that."""
    peer.recv(65536)
    time.sleep(0.2)
    head = field(":status", "200") + field("content-type", "application/grpc") + field("grpc-encoding", "gzip")
    peer.sendall(frame(4, 0, 0, b"") + frame(1, 4, 1, head) + frame(0, 0, 1, b"\1\0\0\0\3abc")
                 + frame(1, 5, 1, field("grpc-status", "0")))
    peer.recv(65536)
    time.sleep(1)
    peer.close()


def reset_stream(peer):
    """Resets the stream with INTERNAL_ERROR."""
    peer.recv(65536)
    time.sleep(0.2)
    peer.sendall(frame(4, 0, 0, b"") + frame(3, 0, 1, (2).to_bytes(4, "big")))
    peer.recv(65536)
    time.sleep(1)
    peer.close()


def say_goodbye(error):
    """Ends each connection, without a call having been taken."""
    def serve(peer):
        peer.recv(65536)
        time.sleep(0.2)
        payload = (0).to_bytes(4, "big") + error.to_bytes(4, "big")
        peer.sendall(frame(4, 0, 0, b"") + frame(7, 0, 0, payload))
        peer.recv(65536)
        peer.close()
    return serve


def demand_certificate(folder):
    """OpenSSL's TLS, which says by an alert why it ends a connection; what speaks behind it does not matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.crt", f"{folder}/server.key")
    context.load_verify_locations(f"{folder}/ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])

    def serve(peer):
        try:
            with context.wrap_socket(peer, server_side=True) as secured:
                secured.recv(65536)
        except OSError:
            # What the caller has sent already would make the end of the connection a reset, and hide the alert.
            peer.settimeout(1)
            try:
                while peer.recv(65536):
                    pass
            except OSError:
                pass
            peer.close()
    return serve


def say_nothing(peer):
    time.sleep(60)


def banner(peer):
    """What speaks first, and no HTTP."""
    peer.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    time.sleep(2)
    peer.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass


def main():
    folder = sys.argv[1]
    certificates(folder)
    messages, services = definitions(folder)
    servers = {
        "plain": start(messages, services),
        "announced": start(messages, services),
        "stopping": start(messages, services),
        "leaving": start(messages, services),
        "gzip": start(messages, services, compression=grpc.Compression.Gzip),
        "tls": start(messages, services, grpc.ssl_server_credentials(pair(folder))),
        "mutual": start(messages, services, mutual(folder)),
    }
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    secured_web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.crt", f"{folder}/server.key")
    secured_web.socket = context.wrap_socket(secured_web.socket, server_side=True)
    threading.Thread(target=secured_web.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    ports = {name: port for name, (_, port) in servers.items()}
    ports |= {"dying": start_apart(folder), "dyingMutual": start_apart(folder, is_mutual=True),
              "gone": listen(say_goodbye(0)), "annoyed": listen(say_goodbye(11)),
              "frank": listen(demand_certificate(folder)), "http1": web.server_port, "https1": secured_web.server_port,
              "closed": nobody, "silent": listen(say_nothing), "banner": listen(banner),
              "compressing": listen(gzip_anyway), "resetting": listen(reset_stream)}
    with open(f"{folder}/servers.part", "w", encoding="utf-8") as file:
        json.dump(ports, file)
    os.rename(f"{folder}/servers.part", f"{folder}/servers.json")
    sys.stdin.read()


if __name__ == "__main__":
    main()
