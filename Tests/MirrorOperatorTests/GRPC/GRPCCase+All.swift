import KubeCore
import MirrorPlanner

extension GRPCCase {
    static let all = calls + ends + security + strangers

    private static let calls = [
        GRPCCase("health of the whole server", "SERVING") { await $0.health() },
        GRPCCase("health of a service", "NOT_SERVING") { await $0.health(DragonflyCall.daemonService) },
        GRPCCase("health of an unknown service", "NOT_FOUND: NOT_FOUND, without a message") {
            await $0.health("nobody")
        },
        GRPCCase("metadata arrives", "a-b=c d, e=") { servers in
            let fields = try await servers.fixture("Fields") { $0.metadata = ["a-b": "c d", "e": ""] }
            let ours = fields.split(separator: "\n").filter { $0.hasPrefix("a-b=") || $0.hasPrefix("e=") }
            return ours.joined(separator: ", ")
        },
        GRPCCase("more than 4 MiB: 13,500 hosts", "13500 hosts, the last 10.0.52.187") { servers in
            let list = try await servers.call(DragonflyCall.listHosts, ProtobufEmpty(), at: "plain")
            guard list.unreadable == 0 else { return "\(list.unreadable) hosts can't be read" }
            return "\(list.hosts.count) hosts, the last \(list.hosts.last?.ip ?? "none")"
        },
        GRPCCase("unknown fields are passed over", "every known one as it was written") { servers in
            let list = try await servers.call(DragonflyCall.listHosts, ProtobufEmpty(), at: "plain")
            return list.hosts.first == expectedHost ? "every known one as it was written" : "\(list.hosts.first as Any)"
        },
        GRPCCase("what we announce is what grpcio lists", "the same host, then none") { servers in
            var host = expectedHost
            host.id = "ours-\(host.ip)"
            host.kind = .seed
            host.name = "ü/\u{0}"
            let announcement = DragonflyAnnouncement(host, interval: .milliseconds(300_500))
            _ = try await servers.call(DragonflyCall.announceHost, announcement, at: "announced")
            let list = try await servers.call(DragonflyCall.listHosts, ProtobufEmpty(), at: "announced")
            _ = try await servers.call(DragonflyCall.deleteHost, DragonflyHostID(host.id), at: "announced")
            do throws(GRPCFault) {
                _ = try await servers.call(DragonflyCall.deleteHost, DragonflyHostID(host.id), at: "announced")
            } catch {
                guard error.kind == .status(.notFound) else { return GRPCServers.text(error) }
                return list.hosts == [host] ? "the same host, then none" : "\(list.hosts)"
            }
            return "deleted twice"
        },
        GRPCCase("a task, by a daemon's scheduler", "INTERNAL: task \(task) not found") { servers in
            do throws(GRPCFault) {
                return try await servers.call(DragonflyCall.daemonStatTask, DragonflyTaskQuery(task), at: "plain").id
            } catch {
                return GRPCServers.text(error)
            }
        },
        GRPCCase("a task of a daemon", "content 0, uploads 5 and 6, finished after 11.0000005 s, not failed") {
            servers in
            let answer = try await servers.call(DragonflyCall.statLocalTask, DragonflyTaskQuery(task), at: "plain")
            guard answer.id == task.text else { return "task \(answer.id)" }
            let finished = answer.finished.map { "finished after \($0.duration / .seconds(1)) s" } ?? "not finished"
            return
                "content \(answer.contentLength.map(String.init) ?? "unknown"), uploads \(answer.uploadingCount) and "
                + "\(answer.uploadedCount), \(finished), \(answer.failed == nil ? "not failed" : "failed")"
        },
        GRPCCase("a task of a scheduler", "content 9, 10 pieces, Succeeded, 14 peers") { servers in
            let query = DragonflySchedulerTaskQuery(hostID: "h", task)
            let answer = try await servers.call(DragonflyCall.schedulerStatTask, query, at: "plain")
            guard answer.id == task.text else { return "task \(answer.id)" }
            return "content \(answer.contentLength), \(answer.pieceCount) pieces, \(answer.state), "
                + "\(answer.peerCount) peers"
        },
        GRPCCase("schedulers of the manager", "1 node-a 10.0.0.1:8002 active 7; 0 :0 1 1.4.0 abc 0") { servers in
            let query = DragonflySchedulersQuery(
                .peer,
                hostname: "node-a",
                ip: "10.0.0.1",
                version: "1.4.0",
                commit: "abc",
                schedulerClusterID: 7
            )
            let answer = try await servers.call(DragonflyCall.listSchedulers, query, at: "plain")
            return answer.schedulers.map {
                let who = $0.hostname.isEmpty ? "" : "\($0.hostname) "
                return "\($0.id) \(who)\($0.ip):\($0.port) \($0.state) \($0.schedulerClusterID)"
            }.joined(separator: "; ")
        },
        GRPCCase("an empty message", "0 bytes") { servers in
            try await servers.fixture("Large", "0").isEmpty ? "0 bytes" : "some"
        },
    ]

    private static let task = DragonflyTaskID(0x0123_4567_89AB_CDEF, 1, 2, 3)

    /// The first of hack/lib/grpc/server.py.
    static let expectedHost = {
        var host = DragonflyHost()
        host.id = "10.0.0.0-node-0"
        host.hostname = "node-0"
        host.ip = "10.0.0.0"
        (host.port, host.downloadPort, host.proxyPort) = (4000, 4000, 4001)
        var memory = DragonflyHost.Memory()
        (memory.total, memory.available, memory.usedPercent) = (1 << 34, 1 << 33, 50)
        host.memory = memory
        var network = DragonflyHost.Network()
        (network.location, network.idc) = ("l", "i")
        (network.maxReceiveBandwidth, network.receiveBandwidth) = (10, 0)
        (network.maxTransmitBandwidth, network.transmitBandwidth) = (20, 5)
        host.network = network
        var disk = DragonflyHost.Disk()
        (disk.total, disk.free, disk.used, disk.usedPercent) = (1000, 150, 850, 85)
        host.disk = disk
        var build = DragonflyHost.Build()
        (build.gitVersion, build.gitCommit) = ("1.4.0", "abc")
        host.build = build
        (host.schedulerClusterID, host.disableShared) = (1, true)
        host.name = "dragonfly-system-client-0"
        return host
    }()

    private static let ends = [
        GRPCCase(
            "an error in the trailers alone, percent-encoded",
            #"UNAVAILABLE: Größe über 100 %: キャッシュ ab \u{1B}[31m"#
        ) { try await $0.fixture("Fail", "14") },
        GRPCCase("an unknown method", "UNIMPLEMENTED: Method not found!") { try await $0.fixture("Nothing") },
        GRPCCase("a deadline", "timeout: no answer within 1 s; the server was given up to 1 s") { servers in
            let fault = try await servers.fixture("Wait", timeout: .seconds(1))
            let allowed = Double(try await servers.fixture("Allowed")) ?? -1
            let given = allowed > 0 && allowed <= 1 ? "up to 1 s" : "\(allowed) s"
            return "\(fault); the server was given \(given)"
        },
        GRPCCase("a call that is given up", "cancelled: given up") { servers in
            let call = Task { try await servers.fixture("Wait") }
            call.cancel()
            return try await call.value
        },
        GRPCCase("an answer within its limit", "4194304 bytes") { servers in
            "\(try await servers.fixture("Large", "4194304") { $0.answerLimit = 4 << 20 }.utf8.count) bytes"
        },
        GRPCCase("32 long answers at once", "32 times 4194304 bytes") { servers in
            let sizes = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<32 {
                    group.addTask { try await servers.fixture("Large", "4194304", timeout: .seconds(60)).utf8.count }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            return "32 times \(sizes.sorted().map(String.init).joined(separator: " or ")) bytes"
        },
        GRPCCase("an answer beyond its limit", "tooLarge: the answer is longer than 4194304 bytes") { servers in
            try await servers.fixture("Large", "4194305") { $0.answerLimit = 4 << 20 }
        },
        GRPCCase(
            "a server that ends within the call",
            "interrupted: the connection was closed or reset before the answer"
        ) {
            try await $0.fixture("Die", at: "dying")
        },
        GRPCCase(
            "grpcio is stopped within the call: GOAWAY, and a status",
            "UNAVAILABLE: Cancelling all calls"
        ) { try await $0.fixture("Stop", at: "stopping") },
        GRPCCase("grpcio is stopped with patience: GOAWAY, and the call ends well", "done, or named as GOAWAY") {
            servers in
            let happened = try await servers.fixture("Leave", at: "leaving")
            // libcurl 7.88 loses the trailers behind a GOAWAY.
            let goodbye = "interrupted: the server ended the connection (GOAWAY, NO_ERROR)"
            return ["done", goodbye].contains(happened) ? "done, or named as GOAWAY" : happened
        },
        GRPCCase(
            "GOAWAY before the call",
            "interrupted: the server ended the connection (GOAWAY, NO_ERROR)"
        ) { try await $0.fixture("Fields", at: "gone") },
        GRPCCase(
            "GOAWAY for too many pings",
            "interrupted: the server ended the connection (GOAWAY, ENHANCE_YOUR_CALM)"
        ) { try await $0.fixture("Fields", at: "annoyed") },
        GRPCCase("a stream that is reset", "interrupted: the server reset the call (INTERNAL_ERROR)") {
            try await $0.fixture("Fields", at: "resetting")
        },
        GRPCCase(
            "grpcio that compresses all it sends",
            "protocolViolation: the answer is compressed, which was not asked for"
        ) { servers in
            try await servers.fixture("Large", "100000", at: "gzip")
        },
        GRPCCase(
            "another server that compresses",
            "protocolViolation: the answer is compressed, which was not asked for"
        ) { try await $0.fixture("Fields", at: "compressing") },
    ]

    private static let security = [
        GRPCCase("TLS", "SERVING") { await $0.health(at: "tls", security: try $0.tls()) },
        GRPCCase("TLS, by a name that is not the host", "SERVING") { servers in
            await servers.health(at: "tls", security: try servers.tls(name: "scheduler.test"))
        },
        GRPCCase("TLS, the name is another one", "tls: the server's certificate is not for other.test") { servers in
            await servers.health(at: "tls", security: try servers.tls(name: "other.test"))
        },
        GRPCCase("TLS, the name does not count", "SERVING") { servers in
            await servers.health(at: "tls", security: try servers.tls(name: "other.test", isNameVerified: false))
        },
        GRPCCase(
            "TLS, the server's authority is not trusted",
            "tls: the server's certificate is not trusted: unable to get local issuer certificate"
        ) { servers in await servers.health(at: "tls", security: try servers.tls(authority: "stranger")) },
        GRPCCase("TLS with a client certificate", "SERVING") { servers in
            await servers.health(at: "mutual", security: try servers.tls("client"))
        },
        GRPCCase(
            "TLS without the client certificate",
            "tls: the server asks for a client certificate, and ended the connection without one"
        ) { servers in await servers.health(at: "mutual", security: try servers.tls()) },
        GRPCCase(
            "the same, to a server that says why",
            "tls: the server requires a client certificate, or ended the connection"
        ) { servers in
            let happened = await servers.health(at: "frank", security: try servers.tls())
            // The connection may be reset before the alert is read.
            let known = [
                "tls: the server requires a client certificate",
                "tls: the server asks for a client certificate, and ended the connection without one",
            ]
            return known.contains(happened)
                ? "tls: the server requires a client certificate, or ended the connection" : happened
        },
        GRPCCase(
            "TLS with a stranger's client certificate",
            "tls: the server asks for a client certificate, and ended the connection when it had ours"
        ) { servers in await servers.health(at: "mutual", security: try servers.tls("mallory")) },
        GRPCCase(
            "the same, to a server that tells why",
            "tls: the server refuses our certificate: unknown ca, or ended the connection"
        ) { servers in
            let happened = await servers.health(at: "frank", security: try servers.tls("mallory"))
            let known = [
                "tls: the server refuses our certificate: unknown ca",
                "tls: the server asks for a client certificate, and ended the connection when it had ours",
            ]
            return known.contains(happened)
                ? "tls: the server refuses our certificate: unknown ca, or ended the connection" : happened
        },
        GRPCCase(
            "TLS with a client certificate, the server ends within the call",
            "interrupted: the connection was closed or reset before the answer"
        ) { servers in
            let security = try servers.tls("client")
            return try await servers.fixture("Die", at: "dyingMutual") { $0.security = security }
        },
        GRPCCase("cleartext to TLS", "tls: the server speaks TLS, and the call is made without it") { servers in
            await servers.health(at: "tls")
        },
        GRPCCase(
            "cleartext to TLS with client certificates",
            "tls: the server speaks TLS, and the call is made without it"
        ) {
            await $0.health(at: "mutual")
        },
        GRPCCase("TLS to cleartext", "tls: the server speaks no TLS") { servers in
            await servers.health(security: try servers.tls())
        },
    ]

    private static let strangers = [
        GRPCCase("HTTP/1.1", "protocolViolation: the server speaks HTTP/1, and gRPC needs HTTP/2") {
            await $0.health(at: "http1")
        },
        GRPCCase("HTTP/1.1 behind TLS", "protocolViolation: the server speaks HTTP/1, and gRPC needs HTTP/2") {
            servers in
            await servers.health(at: "https1", security: try servers.tls())
        },
        GRPCCase("a port of SSH", "protocolViolation: the answer is not HTTP/2") { await $0.health(at: "banner") },
        GRPCCase("a closed port", "connection: connection refused") { await $0.health(at: "closed") },
        GRPCCase("a silent port", "timeout: no answer within 700 ms") {
            await $0.health(at: "silent", timeout: .milliseconds(700))
        },
        GRPCCase("a silent port, by TLS", "timeout: no TLS handshake within 700 ms") { servers in
            await servers.health(at: "silent", timeout: .milliseconds(700), security: try servers.tls())
        },
        GRPCCase("a name without an address", "resolution: the name scheduler.invalid has no address") { servers in
            try await servers.fixture("Fields") { $0.host = "scheduler.invalid" }
        },
    ]
}
