import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorPlanner

/// The calls that are made to daemons, each with what its outcome says.
struct DaemonCalls: Sendable {
    private let transport: any GRPCTransport
    private let connect: (@Sendable (String) throws(KubeError) -> any Transport)?
    private let timeout: Duration

    init(
        _ transport: any GRPCTransport,
        _ connect: (@Sendable (String) throws(KubeError) -> any Transport)?,
        timeout: Duration
    ) {
        self.transport = transport
        self.connect = connect
        self.timeout = timeout
    }

    func health(of host: String, _ port: Int, _ service: String) async -> CallReading {
        do throws(GRPCFault) {
            let answer = try await transport.call(
                DragonflyCall.health,
                GRPCHealthQuery(service: service),
                host: host,
                port: port,
                timeout: timeout
            )
            guard answer.status != .serving else { return .well }
            return .unwell("its health is \(answer.status?.name ?? "\(answer.number)")")
        } catch {
            return CallReading(error)
        }
    }

    /// Whom a scheduler knows.
    func scheduler(_ pod: String, _ host: String, _ port: Int) async -> SchedulerReading {
        let address = Self.address(host, port)
        var reading = SchedulerReading(pod: pod, address: address, health: await health(of: host, port, ""))
        guard reading.health.isAnswer else { return reading }
        do throws(GRPCFault) {
            let list = try await transport.call(
                DragonflyCall.listHosts,
                ProtobufEmpty(),
                host: host,
                port: port,
                timeout: timeout
            )
            reading.hosts = list.hosts
        } catch {
            reading.fault = CallReading(error).words ?? error.message
            reading.isCutShort = error.kind == .timeout
        }
        return reading
    }

    /// How a daemon fares.
    func daemon(
        _ pod: String,
        _ host: String,
        _ ports: DragonflySettings.DaemonFile.Ports,
        _ now: @Sendable () -> Timestamp
    ) async -> DaemonReading {
        async let health = health(of: host, ports.upload, DragonflyCall.daemonService)
        async let page = page(host, ports.metrics)
        async let lookup = lookup(pod, host, ports.upload)
        var reading = DaemonReading(
            pod: pod,
            address: Self.address(host, ports.upload),
            health: await health,
            lookup: await lookup,
            at: now()
        )
        switch await page {
        case .success(let text): reading.metrics = DaemonMetrics(page: text)
        case .failure(let error):
            // The same for the same cause: it may stand in a condition.
            reading.metricsFault = error.code == .timeout ? DaemonReading.noAnswer : "its page can't be read"
        case nil: break
        }
        return reading
    }

    /// What a daemon's scheduler says of a task that nobody has: that it answers at all shows the way between them.
    ///
    /// The task is the same at each look: its first digits choose the scheduler.
    private func lookup(_ pod: String, _ host: String, _ port: Int) async -> CallReading? {
        let hash = StableHash.fnv1a64(Array(pod.utf8))
        let id = DragonflyTaskID(hash, hash, hash, hash)
        do throws(GRPCFault) {
            _ = try await transport.call(
                DragonflyCall.daemonStatTask,
                DragonflyTaskQuery(id),
                host: host,
                port: port,
                timeout: timeout
            )
            return .well
        } catch {
            // A daemon answers INTERNAL to all, with the scheduler's own words.
            if error.message.contains("\(id) not found") { return .well }
            if error.message.contains("ResourceExhausted") || error.message.contains("overloaded") {
                return .busy(error.message)
            }
            // A release without that method says nothing of the way.
            if error.kind == .status(.unimplemented) || error.kind == .status(.notFound) { return nil }
            return CallReading(error)
        }
    }

    /// Nil where no pages are read.
    private func page(_ host: String, _ port: Int) async -> Result<String, KubeError>? {
        guard let connect else { return nil }
        do throws(KubeError) {
            let request = KubeRequest(.get, "/metrics", timeout: timeout)
            let response = try await connect("http://\(Self.address(host, port))").send(request)
            guard response.status == 200 else {
                return .failure(KubeError(.status, "HTTP status \(response.status)"))
            }
            return .success(String(decoding: response.body, as: UTF8.self))
        } catch {
            return .failure(error)
        }
    }

    /// What the manager tells a client of that cluster.
    func manager(_ host: String, _ port: Int, cluster: Int?) async -> ManagerReading {
        let address = Self.address(host, port)
        let query = DragonflySchedulersQuery(
            .peer,
            hostname: "p2pmirror",
            ip: "127.0.0.1",
            version: "",
            commit: "",
            schedulerClusterID: UInt64(max(0, cluster ?? 0))
        )
        do throws(GRPCFault) {
            let list = try await transport.call(
                DragonflyCall.listSchedulers,
                query,
                host: host,
                port: port,
                timeout: timeout
            )
            let schedulers = list.schedulers.map { one in
                ManagerReading.Scheduler(
                    address: Self.address(one.ip, Int(one.port)),
                    hostname: one.hostname,
                    state: one.state,
                    clusterID: Int(clamping: one.schedulerClusterID)
                )
            }
            return ManagerReading(address: address, schedulers: schedulers)
        } catch {
            return ManagerReading(address: address, fault: error.message)
        }
    }

    /// Changes what a daemon knows.
    func perform(_ call: DaemonCall) async throws(KubeError) {
        switch call.method {
        case .deleteHost(let id):
            do throws(GRPCFault) {
                _ = try await transport.call(
                    DragonflyCall.deleteHost,
                    DragonflyHostID(id),
                    host: call.host,
                    port: call.port,
                    timeout: timeout
                )
            } catch {
                // It does not know the host: that is what was asked for.
                if error.kind == .status(.notFound) { return }
                throw KubeError(.connection, "\(call.address): DeleteHost of \(id): \(error.message)")
            }
        }
    }

    static func address(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Host and port of `HOST:PORT`, with or without a scheme before it.
    static func place(_ text: String) -> (String, Int)? {
        let bare = text.split(separator: "/").last.map(String.init) ?? text
        guard let colon = bare.lastIndex(of: ":"), let port = Int(bare[bare.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = bare[..<colon].filter { $0 != "[" && $0 != "]" }
        return host.isEmpty ? nil : (String(host), port)
    }
}

extension CallReading {
    init(_ fault: GRPCFault) {
        switch fault.kind {
        case .status(.resourceExhausted): self = .busy(fault.message)
        case .status(.notFound): self = .unwell("it does not serve that yet (NOT_FOUND)")
        case .status(.unavailable): self = .failed(Failure(.broken, fault.message))
        case .status(let code): self = .unwell("it answers \(code.name): \(fault.message)")
        case .resolution: self = .failed(Failure(.unresolved, fault.message))
        case .connection: self = .failed(Failure(.refused, fault.message))
        case .timeout: self = .failed(Failure(.silent, fault.message))
        case .interrupted, .cancelled, .configuration: self = .failed(Failure(.broken, fault.message))
        case .tls: self = .failed(Failure(.tls, fault.message))
        case .protocolViolation, .tooLarge: self = .failed(Failure(.notGRPC, fault.message))
        }
    }
}
