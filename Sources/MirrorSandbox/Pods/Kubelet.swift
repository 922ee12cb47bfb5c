import KubeClient
package import KubeCore
import Synchronization

/// The kubelets of a simulated cluster: they run the Pods of its nodes, each as a process at an address of its own,
/// probe them as their specification says, and write their status.
package final class Kubelet: Sendable {
    /// What a Pod's process is started with.
    package struct Settings: Sendable {
        package var directory: String
        /// The first three parts of all addresses.
        package var network: String
        package var resolver: String
        /// MiB of the file system of a claim, by the claim's name; others are plain directories.
        package var claims: [String: Int]

        package init(directory: String, network: String, resolver: String, claims: [String: Int] = [:]) {
            self.directory = directory
            self.network = network
            self.resolver = resolver
            self.claims = claims
        }
    }

    private struct Running {
        var unit: String
        var ip: String
        var probe: ContainerProbe
        var starts = 0
        var isEnding = false
        var probing: Task<Void, Never>?
        var directories: PodDirectories
        /// Ports that others can't reach: a Pod's own node always can, and a process has no way to tell them apart.
        var cutPorts: Set<Int> = []
    }

    private struct State {
        var pods: [String: Running] = [:]
        /// The last address that was given away; none is given twice.
        var last = 9
    }

    private let settings: Settings
    private let objects: ClusterObjects
    private let supervisor: Supervisor
    private let state = Mutex(State())
    private let prober: CurlProber?

    package init(_ settings: Settings, _ objects: ClusterObjects, _ supervisor: Supervisor) {
        self.settings = settings
        self.objects = objects
        self.supervisor = supervisor
        prober = try? CurlProber(userAgent: "kube-probe/1.33")
    }

    /// What the Pods of a cluster get from elsewhere.
    package struct Surroundings: Sendable {
        package var configMaps: [ObjectKey: [String: String]] = [:]
        package var orders: @Sendable (JSONValue) -> PodOrders? = { _ in nil }

        package init() {}
    }

    /// Process of a Pod; nil where none runs.
    package func process(of uid: String) -> Int32? {
        let unit = state.withLock { $0.pods[uid]?.unit }
        return unit.flatMap { supervisor.state(of: $0)?.mainPID }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Looks at all Pods once.
    ///
    /// - Parameter nodes: by name; Pods of other nodes are others'.
    package func sync(
        _ pods: [JSONValue],
        nodes: [String: JSONValue],
        now: Timestamp,
        _ surroundings: Surroundings = Surroundings()
    ) async {
        for pod in pods {
            guard let name = PodView.node(of: pod), let node = nodes[name] else { continue }
            if PodView.isDeleting(pod) {
                await end(pod)
            } else {
                guard prepare(pod, node: name, surroundings) else { continue }
                start(pod, node: node)
                await report(pod, node: node, now: now)
            }
        }
        let present = Set(pods.map(\.objectUID))
        for uid in state.withLock({ Array($0.pods.keys) }) where !present.contains(uid) { await stop(uid) }
    }

    /// Ends all Pods' probes; their processes are the supervisor's.
    package func stop() {
        state.withLock { state in
            for running in state.pods.values { running.probing?.cancel() }
            state.pods = [:]
        }
    }

    private func directories(of pod: JSONValue, node: String) -> PodDirectories {
        PodDirectories(
            root: settings.directory,
            node: node,
            namespace: pod.objectNamespace ?? "",
            uid: pod.objectUID
        )
    }

    /// Writes what the Pod finds; false while something of it is missing, and then it does not start.
    private func prepare(_ pod: JSONValue, node: String, _ surroundings: Surroundings) -> Bool {
        let mounts = PodMounts(pod)
        let directories = directories(of: pod, node: node)
        func data(_ name: String) -> [String: String]? {
            surroundings.configMaps[ObjectKey(namespace: pod.objectNamespace, name: name)]
        }
        let isComplete = mounts.configMaps.allSatisfy { data($0) != nil }
        try? directories.update(mounts, data: data)
        if let orders = surroundings.orders(pod), let bytes = try? JSONCoding.encode(orders) {
            let cut = Set((orders.deniedPorts + orders.faults.ports.map(\.number)).map(Int.init))
            state.withLock { $0.pods[pod.objectUID]?.cutPorts = cut }
            try? PodDirectories.write(String(decoding: bytes, as: UTF8.self), to: directories.orders)
        }
        return isComplete || state.withLock { $0.pods[pod.objectUID] != nil }
    }

    private func start(_ pod: JSONValue, node: JSONValue) {
        let uid = pod.objectUID
        guard let container = pod.at(["spec", "containers"])?.arrayValue?.first else { return }
        let directories = directories(of: pod, node: node.objectName)
        let isOnHost = pod.at(["spec", "hostNetwork"])?.boolValue == true
        guard let volume = volume(PodMounts(pod), directories) else { return }
        let ip: String? = state.withLock { state in
            guard state.pods[uid] == nil, state.last < 254 else { return nil }
            if !isOnHost { state.last += 1 }
            let ip = isOnHost ? Self.address(of: node) : "\(settings.network).\(state.last)"
            state.pods[uid] = Running(
                unit: pod.objectName,
                ip: ip,
                probe: ContainerProbe(container),
                directories: directories
            )
            return ip
        }
        guard let ip else { return }
        let arguments = arguments(pod, container, ip: ip, directories)
        let log = "\(settings.directory)/logs/\(node.objectName)-\(pod.objectName).log"
        supervisor.start(
            volume.process.map { holder in
                Supervisor.Unit(
                    name: pod.objectName,
                    executable: "/usr/bin/nsenter",
                    arguments: ContentVolume.inside(holder, [supervisor.executable] + arguments),
                    log: log
                )
            } ?? Supervisor.Unit(name: pod.objectName, arguments: arguments, log: log)
        )
        let probing = Task { await probe(uid) }
        state.withLock { $0.pods[uid]?.probing = probing }
    }

    private func arguments(
        _ pod: JSONValue,
        _ container: JSONValue,
        ip: String,
        _ directories: PodDirectories
    ) -> [String] {
        let mounts = PodMounts(pod)
        return [
            "container", "--pod-ip", ip, "--resolver", settings.resolver, "--host-root",
            "\(settings.directory)/hosts/\(directories.node)", "--image", container["image"]?.stringValue ?? "",
            "--orders", directories.orders,
        ] + mounts.environment.sorted { $0.key < $1.key }.map { "--env=\($0.key)=\($0.value)" }
            + mounts.sources.sorted { $0.key < $1.key }.map {
                "--mount=\($0.key)=\(directories.directory($0.key, $0.value))"
            } + ["--"] + (container["args"]?.strings ?? [])
    }

    /// What holds the small file system of a Pod's claim; nil while it is being made, and without a process where there
    /// is no such claim.
    private func volume(_ mounts: PodMounts, _ directories: PodDirectories) -> (process: Int32?, Void)? {
        for source in mounts.sources.values {
            guard case .claim(let name) = source, let size = settings.claims[name] else { continue }
            let volume = ClaimVolume(
                mebibytes: size,
                directory: directories.directory("", source),
                name: name,
                state: "\(settings.directory)/logs"
            )
            let unit = "claim-\(name)"
            guard let holder = supervisor.state(of: unit)?.mainPID else {
                supervisor.start(
                    Supervisor.Unit(
                        name: unit,
                        executable: "/usr/bin/unshare",
                        arguments: volume.holder,
                        log: "\(settings.directory)/logs/\(unit).log"
                    )
                )
                return nil
            }
            return volume.isMounted && holder > 0 ? (holder, ()) : nil
        }
        return (nil, ())
    }

    private static func address(of node: JSONValue) -> String {
        let addresses = node.at(["status", "addresses"])?.arrayValue ?? []
        return addresses.first { $0["type"] == "InternalIP" }?["address"]?.stringValue ?? ""
    }

    private func report(_ pod: JSONValue, node: JSONValue, now: Timestamp) async {
        guard let running = state.withLock({ $0.pods[pod.objectUID] }) else { return }
        let unit = supervisor.state(of: running.unit)
        let report = PodReport(
            ip: running.ip,
            hostIP: Self.address(of: node),
            isRunning: (unit?.mainPID ?? 0) > 0,
            isStarted: running.probe.isStarted,
            isReady: running.probe.isReady,
            restarts: max(0, (unit?.starts ?? 0) - 1)
        )
        let status = report.status(of: pod, now: now)
        guard status != pod["status"] else { return }
        try? await objects.write(status: status, of: pod, ClusterObjects.pods)
    }

    /// Stops the process of a Pod that is being deleted, and then lets the Pod go.
    private func end(_ pod: JSONValue) async {
        let uid = pod.objectUID
        let isFirst = state.withLock { state in
            guard state.pods[uid]?.isEnding != true else { return false }
            state.pods[uid]?.isEnding = true
            return true
        }
        guard isFirst else { return }
        Task {
            await stop(uid)
            try? await objects.delete(pod: pod.objectName, pod.objectNamespace, uid: uid, grace: 0)
        }
    }

    private func stop(_ uid: String) async {
        guard let running = state.withLock({ $0.pods[uid] }) else { return }
        running.probing?.cancel()
        await supervisor.stop(running.unit)
        running.directories.remove()
        state.withLock { $0.pods[uid] = nil }
    }

    // MARK: Probes

    private func probe(_ uid: String) async {
        var next: [ContainerProbe.Kind: ContinuousClock.Instant] = [:]
        while !Task.isCancelled, let running = state.withLock({ $0.pods[uid] }) {
            let starts = supervisor.state(of: running.unit)?.starts ?? 0
            if starts != running.starts {
                next = [:]
                state.withLock { state in
                    state.pods[uid]?.starts = starts
                    if let probe = state.pods[uid]?.probe { state.pods[uid]?.probe = probe.restarted() }
                }
            } else if starts > 0 {
                await run(running, uid, &next)
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func run(
        _ running: Running,
        _ uid: String,
        _ next: inout [ContainerProbe.Kind: ContinuousClock.Instant]
    ) async {
        for (kind, rule) in running.probe.due where next[kind] ?? ContinuousClock().now <= ContinuousClock().now {
            next[kind] = ContinuousClock().now + .seconds(rule.periodSeconds)
            let isAlive = (supervisor.state(of: running.unit)?.mainPID ?? 0) > 0
            let succeeded = running.cutPorts.contains(rule.port) ? isAlive : await passes(rule, at: running.ip)
            let isFatal = state.withLock { $0.pods[uid]?.probe.take(kind, succeeded: succeeded) ?? false }
            if isFatal { supervisor.kill(running.unit) }
        }
    }

    private func passes(_ rule: ContainerProbe.Rule, at ip: String) async -> Bool {
        guard let path = rule.path else {
            let request = ProbeRequest(
                host: ip,
                port: rule.port,
                check: .grpcHealth(service: ""),
                timeout: .seconds(rule.timeoutSeconds)
            )
            return await prober?.probe(request).isSuccess ?? false
        }
        guard let transport = try? CurlTransport(plain: "http://\(ip):\(rule.port)") else { return false }
        let request = KubeRequest(.get, path, timeout: .seconds(rule.timeoutSeconds))
        guard let answer = try? await transport.send(request) else { return false }
        return (200..<400).contains(answer.status)
    }
}
