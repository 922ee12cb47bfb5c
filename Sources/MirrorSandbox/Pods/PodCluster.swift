import Glibc
import KubeClient
package import KubeCore
package import Logging
import MirrorAPI
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A simulated cluster whose Pods are processes: nodes, the DaemonSet controller, kubelets, DNS, and operators beside
/// them.
package final class PodCluster: Sendable {
    /// What it is made from.
    package struct Settings: Sendable {
        /// Directory for the hosts' roots and the logs.
        package var directory: String
        package var programs: Programs
        package var kubeconfig: String
        /// The first three parts of all addresses, such as `127.83.1`.
        package var network: String
        package var leaseNamespace: String
        /// MiB of the file system of a claim, by the claim's name; others are plain directories.
        package var claims: [String: Int] = [:]
        /// What NetworkPolicies do.
        package var enforcement = PolicyEnforcement()
        /// How much faster than in the world the daemons' time goes, which the operator is told where it is not 1.
        package var timeFactor = 1
        /// Whether the operator resolves the names of `names` alone, and asks no DNS server.
        package var hasNames = false

        package init(
            directory: String,
            programs: Programs,
            kubeconfig: String,
            network: String,
            leaseNamespace: String = "p2pmirror-system"
        ) {
            self.directory = directory
            self.programs = programs
            self.kubeconfig = kubeconfig
            self.network = network
            self.leaseNamespace = leaseNamespace
        }
    }

    package let settings: Settings
    package let objects: ClusterObjects
    private let supervisor: Supervisor
    private let dns: ClusterDNS
    private let kubelet: Kubelet
    private let nodes = Mutex<[String]>([])
    /// What a scenario does to Pods, by the Pod's name.
    private let faults = Mutex<[String: PodFaults]>([:])
    private let working = Mutex<Task<Void, Never>?>(nil)

    /// - Throws: where the directories can't be made or no port is to be had.
    package init(_ settings: Settings, api: KubeAPI, logger: Logger) throws {
        self.settings = settings
        objects = ClusterObjects(api)
        supervisor = Supervisor(executable: settings.programs.sandbox, logger: logger)
        dns = try ClusterDNS()
        kubelet = Kubelet(
            Kubelet.Settings(
                directory: settings.directory,
                network: settings.network,
                resolver: dns.address,
                claims: settings.claims
            ),
            objects,
            supervisor
        )
        let logs = "\(settings.directory)/logs"
        try FileManager.default.createDirectory(atPath: logs, withIntermediateDirectories: true)
    }

    /// How often the controllers look.
    private static let period = Duration.milliseconds(250)

    /// Starts the controllers.
    package func start() {
        working.withLock { task in
            task = Task {
                while !Task.isCancelled {
                    // What fails now is tried again in a moment, as a controller does.
                    try? await self.step()
                    try? await Task.sleep(for: Self.period)
                }
            }
        }
    }

    /// Stops everything.
    package func stop() async {
        working.withLock { $0 }?.cancel()
        await working.withLock { $0 }?.value
        kubelet.stop()
        await supervisor.stopAll()
        dns.stop()
    }

    /// Adds a node that is Ready.
    package func addNode(_ name: String) async throws(KubeError) {
        let number = nodes.withLock { nodes in
            nodes.append(name)
            return nodes.count
        }
        let now = JSONValue.string(WallClock.now().timestamp.description)
        try await objects.create(
            ClusterObjects.nodes,
            [
                "apiVersion": "v1", "kind": "Node",
                "metadata": [
                    "name": .string(name),
                    "labels": [
                        "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux",
                        NodeAdvertisement.label: "true",
                    ],
                ],
                "status": [
                    "conditions": [
                        [
                            "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "simulated",
                            "lastTransitionTime": now, "lastHeartbeatTime": now,
                        ]
                    ],
                    "addresses": [
                        ["type": "InternalIP", "address": .string("\(settings.network).\(254 - number)")],
                        ["type": "Hostname", "address": .string(name)],
                    ],
                    "nodeInfo": ["kubeletVersion": "v1.33.4", "operatingSystem": "linux"],
                ],
            ]
        )
    }

    /// Starts an operator: `p2pmirror` as it ships, or the same from the sandbox's program where it is to be told of
    /// the daemons' time, which `p2pmirror` has no way to be.
    package func startOperator() {
        let isPaced = settings.timeFactor != 1
        let program = isPaced ? settings.programs.sandbox : settings.programs.product
        let command =
            [program, "operator"] + (isPaced ? ["--daemon-time-factor", "\(settings.timeFactor)"] : [])
            + [
                "--kubeconfig", settings.kubeconfig, "--http-bind", "127.0.0.1:0", "--lease-namespace",
                settings.leaseNamespace, "--log-format", "json",
            ]
        let line = settings.hasNames ? names.inside(command) : command
        supervisor.start(
            Supervisor.Unit(
                name: "operator-1",
                executable: line[0],
                arguments: Array(line.dropFirst()),
                log: "\(settings.directory)/logs/operator-1.log"
            )
        )
    }

    private var names: NameFile { NameFile(directory: settings.directory) }

    /// Says which addresses names have for an operator that asks nobody else.
    package func setNames(_ addresses: [String: [String]]) throws { try names.write(addresses) }

    /// The Pods that run on a node, by name of the node; of several the one that stays.
    package func podsByNode() async throws(KubeError) -> [String: JSONValue] {
        var pods: [String: JSONValue] = [:]
        for pod in try await objects.list(ClusterObjects.pods) where !PodView.isDeleting(pod) {
            if let node = PodView.node(of: pod) { pods[node] = pod }
        }
        return pods
    }

    /// Stops processes of Pods where they are: who connects to them gets no answer and no refusal.
    ///
    /// - Throws: `ScenarioFailure` where one of them has no process.
    package func freeze(_ pods: [JSONValue]) throws {
        let processes = pods.compactMap { kubelet.process(of: $0.objectUID) }
        guard processes.count == pods.count else {
            throw ScenarioFailure("not every Pod to be frozen has a process: \(pods.map(\.objectName))")
        }
        for process in processes { kill(process, SIGSTOP) }
        // A stopped process does not see that its parent is gone.
        let script = "while kill -0 \"$PPID\" 2> /dev/null; do sleep 1; done; kill -KILL \"$@\""
        supervisor.start(
            Supervisor.Unit(
                name: "guard-of-frozen",
                executable: "/bin/sh",
                arguments: ["-c", script, "sh"] + processes.map(String.init),
                log: "\(settings.directory)/logs/guard.log"
            )
        )
    }

    /// Has a Pod fail so from now on; without faults it does not any more.
    package func setFaults(_ faults: PodFaults = PodFaults(), ofPod name: String) {
        self.faults.withLock { $0[name] = faults }
    }

    /// Kills the process of a Pod's container, which is started again within the Pod.
    package func restartContainer(ofPod name: String) { supervisor.kill(name) }

    /// Kills a Pod's process; it stays down until `revive`.
    package func crash(pod name: String) { supervisor.crash(name) }

    /// Lets a Pod start again whose process was killed.
    package func revive(pod name: String) { supervisor.revive(name) }

    // MARK: Controllers

    /// Ports of simulated containers that policies may cut off.
    private static let ports: [UInt16] = [4_000, 4_001, 4_002, 4_003, 4_004, 4_005, 8_000, 8_002, 65_003]

    private func surroundings() async throws(KubeError) -> Kubelet.Surroundings {
        let policies = settings.enforcement.isEnforced ? try await objects.list(ClusterObjects.networkPolicies) : []
        var surroundings = Kubelet.Surroundings()
        for map in try await objects.list(ClusterObjects.configMaps) {
            let key = ObjectKey(namespace: map.objectNamespace, name: map.objectName)
            surroundings.configMaps[key] = map.stringMap(["data"])
        }
        let faults = self.faults.withLock { $0 }
        let keepsEstablished = settings.enforcement.keepsEstablished
        surroundings.orders = { pod in
            var orders = PodOrders()
            orders.deniedPorts = NetworkPolicyView.denied(Self.ports, of: pod, by: policies)
            orders.keepsEstablished = keepsEstablished
            orders.faults = faults[pod.objectName] ?? PodFaults()
            return orders
        }
        return surroundings
    }

    private func step() async throws(KubeError) {
        let now = WallClock.now().timestamp
        let nodes = try await objects.list(ClusterObjects.nodes)
        var pods = try await objects.list(ClusterObjects.pods)
        let services = try await objects.list(ClusterObjects.services)
        dns.update(ServiceRecords(services: services, pods: pods))
        for daemonSet in try await objects.list(ClusterObjects.daemonSets) {
            try await carryOut(daemonSet, nodes, pods.filter { $0.objectNamespace == daemonSet.objectNamespace })
        }
        for set in try await objects.list(ClusterObjects.statefulSets) {
            try await carryOut(stateful: set, nodes, pods.filter { $0.objectNamespace == set.objectNamespace })
        }
        pods = try await objects.list(ClusterObjects.pods)
        let own = self.nodes.withLock { Set($0) }
        let byName = nodes.filter { own.contains($0.objectName) }.map { ($0.objectName, $0) }
        let nodesByName = Dictionary(byName, uniquingKeysWith: { $1 })
        await kubelet.sync(pods, nodes: nodesByName, now: now, try await surroundings())
    }

    private func carryOut(
        stateful set: JSONValue,
        _ nodes: [JSONValue],
        _ pods: [JSONValue]
    ) async throws(KubeError) {
        let plan = StatefulSetPlan(set, nodes: nodes, pods: pods)
        for pod in plan.creations {
            var pod = pod
            pod.put(set.objectNamespace.map { .string($0) }, at: ["metadata", "namespace"])
            try await objects.create(ClusterObjects.pods, pod)
        }
        for pod in plan.deletions { try await objects.delete(pod: pod, set.objectNamespace) }
        if plan.status != set["status"] {
            try await objects.write(status: plan.status, of: set, ClusterObjects.statefulSets)
        }
    }

    private func carryOut(
        _ daemonSet: JSONValue,
        _ nodes: [JSONValue],
        _ pods: [JSONValue]
    ) async throws(KubeError) {
        let plan = DaemonSetPlan(daemonSet, nodes: nodes, pods: pods)
        let namespace = daemonSet.objectNamespace
        if !plan.creations.isEmpty, try await hasServiceAccount(daemonSet) {
            for pod in plan.creations {
                var pod = pod
                pod.put(namespace.map { .string($0) }, at: ["metadata", "namespace"])
                try await objects.create(ClusterObjects.pods, pod)
            }
        }
        for pod in plan.deletions { try await objects.delete(pod: pod, namespace) }
        if plan.status != daemonSet["status"] {
            try await objects.write(status: plan.status, of: daemonSet, ClusterObjects.daemonSets)
        }
    }

    /// Admission refuses Pods whose ServiceAccount is not there; `default` always is.
    private func hasServiceAccount(_ daemonSet: JSONValue) async throws(KubeError) -> Bool {
        let wanted = daemonSet.at(["spec", "template", "spec", "serviceAccountName"])?.stringValue ?? "default"
        guard wanted != "default" else { return true }
        return try await objects.list(ClusterObjects.serviceAccounts, namespace: daemonSet.objectNamespace)
            .contains { $0.objectName == wanted }
    }
}
