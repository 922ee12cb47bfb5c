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

        package init(directory: String, network: String, resolver: String) {
            self.directory = directory
            self.network = network
            self.resolver = resolver
        }
    }

    private struct Running {
        var unit: String
        var ip: String
        var probe: ContainerProbe
        var starts = 0
        var isEnding = false
        var probing: Task<Void, Never>?
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

    package init(_ settings: Settings, _ objects: ClusterObjects, _ supervisor: Supervisor) {
        self.settings = settings
        self.objects = objects
        self.supervisor = supervisor
    }

    /// Process of a Pod; nil where none runs.
    package func process(of uid: String) -> Int32? {
        let unit = state.withLock { $0.pods[uid]?.unit }
        return unit.flatMap { supervisor.state(of: $0)?.mainPID }.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Looks at all Pods once.
    ///
    /// - Parameter nodes: by name; Pods of other nodes are others'.
    package func sync(_ pods: [JSONValue], nodes: [String: JSONValue], now: Timestamp) async {
        for pod in pods {
            guard let name = PodView.node(of: pod), let node = nodes[name] else { continue }
            if PodView.isDeleting(pod) {
                await end(pod)
            } else {
                start(pod, node: name)
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

    private func start(_ pod: JSONValue, node: String) {
        let uid = pod.objectUID
        guard let container = pod.at(["spec", "containers"])?.arrayValue?.first else { return }
        let ip: String? = state.withLock { state in
            guard state.pods[uid] == nil, state.last < 254 else { return nil }
            state.last += 1
            let ip = "\(settings.network).\(state.last)"
            state.pods[uid] = Running(unit: pod.objectName, ip: ip, probe: ContainerProbe(container))
            return ip
        }
        guard let ip else { return }
        supervisor.start(
            Supervisor.Unit(
                name: pod.objectName,
                arguments: [
                    "container", "--pod-ip", ip, "--resolver", settings.resolver, "--host-root",
                    "\(settings.directory)/hosts/\(node)", "--image", container["image"]?.stringValue ?? "", "--",
                ] + (container["args"]?.strings ?? []),
                log: "\(settings.directory)/logs/\(node)-\(pod.objectName).log"
            )
        )
        let probing = Task { await probe(uid) }
        state.withLock { $0.pods[uid]?.probing = probing }
    }

    private func report(_ pod: JSONValue, node: JSONValue, now: Timestamp) async {
        guard let running = state.withLock({ $0.pods[pod.objectUID] }) else { return }
        let unit = supervisor.state(of: running.unit)
        let report = PodReport(
            ip: running.ip,
            hostIP: (node.at(["status", "addresses"])?.arrayValue ?? []).first?["address"]?.stringValue ?? "",
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
            let succeeded = await Self.passes(rule, at: running.ip)
            let isFatal = state.withLock { $0.pods[uid]?.probe.take(kind, succeeded: succeeded) ?? false }
            if isFatal { supervisor.kill(running.unit) }
        }
    }

    private static func passes(_ rule: ContainerProbe.Rule, at ip: String) async -> Bool {
        guard let transport = try? CurlTransport(plain: "http://\(ip):\(rule.port)") else { return false }
        let request = KubeRequest(.get, rule.path, timeout: .seconds(rule.timeoutSeconds))
        guard let answer = try? await transport.send(request) else { return false }
        return (200..<400).contains(answer.status)
    }
}
