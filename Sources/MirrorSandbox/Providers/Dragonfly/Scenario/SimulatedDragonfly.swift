import KubeClient
import KubeCore
import MirrorPlanner

/// A simulated release of Dragonfly on a cluster of Pods, and what a scenario asks of it.
struct SimulatedDragonfly: Sendable {
    let cluster: PodCluster
    private(set) var release: DragonflyRelease
    let nodes: Int

    /// Seconds that the start may take.
    private static let startLimit = 60.0

    static func node(_ number: Int) -> String { number < 10 ? "node-0\(number)" : "node-\(number)" }

    /// Installs the release, and waits until all Pods are ready and each scheduler knows all hosts and all seeds.
    static func started(
        on cluster: PodCluster,
        _ release: DragonflyRelease,
        nodes: Int
    ) async throws -> SimulatedDragonfly {
        var fleet = SimulatedDragonfly(cluster: cluster, release: release, nodes: nodes)
        try await fleet.start()
        return fleet
    }

    private mutating func start() async throws {
        for number in 1...nodes { try await cluster.addNode(Self.node(number)) }
        let namespace: JSONValue = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(DragonflyRelease.namespace)],
        ]
        try await cluster.objects.create(ClusterObjects.namespaces, namespace)
        for (resource, object) in release.managerObjects { try await cluster.objects.create(resource, object) }
        if release.discovery == .manager {
            try await wait("manager") { try await $0.pods().contains { PodView.isReady($0) } ? "" : "it is not ready" }
            release.managerIP = await address(ofPod: managerName) ?? ""
        }
        for (resource, object) in release.schedulerObjects { try await cluster.objects.create(resource, object) }
        try await wait("schedulers") { fleet in
            let ready = try await fleet.pods().count { PodView.isReady($0) && $0.objectName != fleet.managerName }
            return ready == fleet.release.schedulers ? "" : "\(ready) of \(fleet.release.schedulers) Pods are ready"
        }
        release.schedulerAddresses = await schedulerAddresses()
        if release.discovery == .manager { try await apply(ClusterObjects.configMaps, release.managerRows) }
        let addresses = release.schedulerAddresses.map { String($0.prefix { $0 != ":" }) }
        try cluster.setNames([DragonflyRelease.schedulerName: addresses])
        for (resource, object) in release.daemonObjects { try await cluster.objects.create(resource, object) }
        try await wait("fleet") { try await $0.missing() }
    }

    /// Waits until nothing is missing.
    private func wait(_ what: String, _ missing: (SimulatedDragonfly) async throws -> String) async throws {
        let clock = ContinuousClock()
        let begin = clock.now
        var last = "nothing"
        while clock.now - begin < .seconds(Self.startLimit) {
            last = try await missing(self)
            if last.isEmpty { return }
            try await Task.sleep(for: .milliseconds(250))
        }
        throw ScenarioFailure(
            """
            the \(what) did not come up within \(Int(Self.startLimit)) s: \(last); see \
            \(cluster.settings.directory)/logs
            """
        )
    }

    /// What is not there yet; empty where all is.
    private func missing() async throws -> String {
        let pods = try await pods()
        let wanted = release.schedulers + release.seeds + nodes + (release.discovery == .manager ? 1 : 0)
        let ready = pods.count { PodView.isReady($0) }
        guard ready == wanted else { return "\(ready) of \(wanted) Pods are ready" }
        for (name, figures) in await schedulerFigures() {
            guard let figures else { return "\(name) does not answer" }
            if figures.hosts.count != release.seeds + nodes { return "\(name) knows \(figures.hosts.count) hosts" }
            if figures.ring.count != release.seeds { return "\(name) has \(figures.ring.count) seeds in its ring" }
        }
        return ""
    }

    // MARK: Pods

    /// All Pods that stay, by name.
    func pods() async throws -> [JSONValue] {
        try await cluster.objects.list(ClusterObjects.pods, namespace: DragonflyRelease.namespace)
            .filter { !PodView.isDeleting($0) }
    }

    /// Address of a Pod; nil while it has none.
    func address(ofPod name: String) async -> String? {
        ((try? await pods()) ?? []).first { $0.objectName == name }?.at(["status", "podIP"])?.stringValue
    }

    var managerName: String { "\(DragonflyRelease.name)-manager-0" }
    var schedulerNames: [String] { (0..<release.schedulers).map { "\(DragonflyRelease.name)-scheduler-\($0)" } }
    var seedNames: [String] { (0..<release.seeds).map { "\(DragonflyRelease.name)-seed-client-\($0)" } }

    /// `IP:PORT` of the schedulers that have an address.
    func schedulerAddresses() async -> [String] {
        var addresses: [String] = []
        for name in schedulerNames {
            if let address = await address(ofPod: name) { addresses.append("\(address):8002") }
        }
        return addresses
    }

    /// Pods of the clients, in the order of their nodes.
    func clientPods() async throws -> [JSONValue] {
        try await pods().filter { $0.stringMap(["metadata", "labels"])["component"] == "client" }
            .sorted { (PodView.node(of: $0) ?? "") < (PodView.node(of: $1) ?? "") }
    }

    /// Their addresses.
    func clients() async throws -> [String] {
        try await clientPods().compactMap { $0.at(["status", "podIP"])?.stringValue }
    }

    // MARK: Figures

    private func get<Answer: Decodable>(_ type: Answer.Type, _ ip: String, _ port: Int, _ path: String) async -> Answer?
    {
        guard let transport = try? CurlTransport(plain: "http://\(ip):\(port)"),
            let answer = try? await transport.send(KubeRequest(.get, path, timeout: .seconds(2)))
        else { return nil }
        return try? JSONCoding.decode(type, from: answer.body)
    }

    /// Figures of each scheduler; nil of one that does not answer.
    func schedulerFigures() async -> [(name: String, figures: SchedulerFigures?)] {
        var all: [(String, SchedulerFigures?)] = []
        for name in schedulerNames {
            let ip = await address(ofPod: name) ?? ""
            all.append((name, await get(SchedulerFigures.self, ip, 8_000, SchedulerContainer.figuresPath)))
        }
        return all
    }

    /// Figures of a daemon; nil where it does not answer.
    func figures(ofDaemon ip: String) async -> DfdaemonFigures? {
        await get(DfdaemonFigures.self, ip, 4_002, DfdaemonContainer.figuresPath)
    }

    /// A seed's file system as its metrics show it, in percent.
    func diskPercent(ofSeed name: String) async -> Double? {
        guard let ip = await address(ofPod: name), let transport = try? CurlTransport(plain: "http://\(ip):4002"),
            let answer = try? await transport.send(KubeRequest(.get, "/metrics", timeout: .seconds(2)))
        else { return nil }
        func value(_ metric: String) -> Double? {
            String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
                .first { $0.hasPrefix("\(metric) ") }.flatMap { Double($0.dropFirst(metric.count + 1)) }
        }
        guard let total = value("dragonfly_client_disk_space_total"), total > 0,
            let used = value("dragonfly_client_disk_usage_space_total")
        else { return nil }
        return used * 100 / total
    }

    /// Whether a seed says by its named service that it is SERVING.
    func isServing(seed name: String) async -> Bool {
        guard let ip = await address(ofPod: name), let prober = try? CurlProber(userAgent: "sandbox") else {
            return false
        }
        let check = ProbeRequest.Check.grpcHealth(service: DragonflyCall.daemonService)
        let request = ProbeRequest(host: ip, port: 4_000, check: check, timeout: .seconds(1))
        return await prober.probe(request).isSuccess
    }

    // MARK: Tasks

    /// Has a client get a task; nil where the client does not answer.
    func pull(_ task: DragonflyTaskID, size: Int64, client: String) async -> DfdaemonService.Download? {
        guard let transport = try? CurlTransport(plain: "http://\(client):4001") else { return nil }
        let request = KubeRequest(
            .get,
            DfdaemonContainer.blobs + task.text,
            query: [KubeRequest.QueryItem("size", "\(size)")],
            timeout: .seconds(30)
        )
        guard let answer = try? await transport.send(request) else { return nil }
        return try? JSONCoding.decode(DfdaemonService.Download.self, from: answer.body)
    }

    /// Has a seed get a task that no client has asked for, as a preheat does.
    ///
    /// - Returns: whether the seed has it.
    func preheat(_ task: DragonflyTaskID, size: Int64, seed ip: String) async -> Bool {
        guard let message = try? JSONCoding.encode(SeedTrigger(taskID: task.text, size: size)) else { return false }
        let request = GRPCRequest(
            host: ip,
            port: 4_000,
            path: SeedTrigger.path,
            message: message,
            timeout: .seconds(20)
        )
        if case .answered = await PlainGRPC().call(request) { return true }
        return false
    }

    /// A task that nobody has.
    static func freshTask() -> DragonflyTaskID {
        func number() -> UInt64 { .random(in: .min ... .max) }
        return DragonflyTaskID(number(), number(), number(), number())
    }
}
