import KubeCore
import MirrorAPI
import MirrorPlanner

/// Something for which clients find no peers, made on a running release, and taken away again.
struct DragonflyFault: Sendable {
    /// For people.
    var name: String
    /// What the operator may call it.
    var reasons: [Reason]
    /// Seconds until it tells on clients, and until it is over after the end.
    var settle: Double
    var apply: @Sendable (SimulatedDragonfly) async throws -> Void
    var undo: @Sendable (SimulatedDragonfly) async throws -> Void
    /// Whether the next one begins where this one ends.
    var leadsOn = false

    /// Those that have a run beside them in which nobody does anything, in the order in which they are made; the last
    /// one leaves schedulers with other addresses.
    static var few: [DragonflyFault] { [closedSchedulers, closedSeeds, wrongAddress, staleAddresses] }

    /// All of them.
    static var all: [DragonflyFault] {
        [closedSchedulers, closedSeeds, wrongAddress, tls, noParents, skew, staleAddresses]
    }

    /// A firewall between daemons and schedulers, whose Pods are Ready by their own probe.
    private static var closedSchedulers: DragonflyFault {
        DragonflyFault(
            name: "port 8002 silent",
            reasons: [.portSilent],
            settle: 2,
            apply: { fleet in for name in fleet.schedulerNames { fleet.cluster.setFaults([8_002], ofPod: name) } },
            undo: { fleet in for name in fleet.schedulerNames { fleet.cluster.setFaults(ofPod: name) } }
        )
    }

    /// A firewall before the seeds: schedulers are reached, and reach no seed.
    private static var closedSeeds: DragonflyFault {
        DragonflyFault(
            name: "port 4000 of all seeds silent",
            reasons: [.portSilent, .seedsUnhealthy],
            settle: 6,
            apply: { fleet in for name in fleet.seedNames { fleet.cluster.setFaults([4_000], ofPod: name) } },
            undo: { fleet in for name in fleet.seedNames { fleet.cluster.setFaults(ofPod: name) } }
        )
    }

    /// `host.ip` set by hand, to an address that none of the seeds has (dragonflyoss/dragonfly#4221).
    private static var wrongAddress: DragonflyFault {
        DragonflyFault(
            name: "host.ip of the seeds set by hand",
            reasons: [.wrongAddress],
            settle: 8,
            apply: { fleet in
                // Nodes have the highest addresses of the network, Pods those from 10 on.
                let address = "\(fleet.cluster.settings.network).2"
                try await fleet.setSeeds { "\($0)\n" + "host: {schedulerClusterID: 1, ip: \(address)}\n" }
                try await fleet.restartSeeds()
            },
            undo: { fleet in
                try await fleet.setSeeds { $0 }
                try await fleet.restartSeeds()
            }
        )
    }

    /// Schedulers that speak TLS to daemons that do not (dragonflyoss/client#1859).
    private static var tls: DragonflyFault {
        DragonflyFault(
            name: "schedulers speak TLS",
            reasons: [.tlsMismatch],
            settle: 2,
            apply: { fleet in for name in fleet.schedulerNames { fleet.cluster.setFaults(tls: [8_002], ofPod: name) } },
            undo: { fleet in for name in fleet.schedulerNames { fleet.cluster.setFaults(ofPod: name) } }
        )
    }

    /// A limit below zero, with which nobody is given a parent.
    private static var noParents: DragonflyFault {
        DragonflyFault(
            name: "retryBackToSourceLimit: -1",
            reasons: [.settingsWrong],
            settle: 8,
            apply: { fleet in
                try await fleet.setSchedulers {
                    $0.replacing("retryBackToSourceLimit: 3", with: "retryBackToSourceLimit: -1")
                }
                try await fleet.restartContainers()
            },
            undo: { fleet in
                try await fleet.setSchedulers { $0 }
                try await fleet.restartContainers()
            }
        )
    }

    /// Schedulers of a release that knows seeds from the manager alone (dragonflyoss/dragonfly#4364). Their Pods are
    /// made anew, so that daemons are told of addresses that are gone.
    private static var skew: DragonflyFault {
        DragonflyFault(
            name: "schedulers of release 2.3.0",
            reasons: [.versionSkew],
            settle: 4,
            apply: { fleet in try await fleet.setScheduler(version: "v2.3.0") },
            undo: { fleet in try await fleet.setScheduler(version: fleet.release.server) },
            leadsOn: true
        )
    }

    /// Schedulers that were made anew, while daemons are told of their addresses and not of a name.
    private static var staleAddresses: DragonflyFault {
        DragonflyFault(
            name: "scheduler.addrs of no pod",
            reasons: [.staleSchedulerAddresses],
            settle: 8,
            apply: { fleet in
                for name in fleet.schedulerNames {
                    try await fleet.cluster.objects.delete(pod: name, DragonflyRelease.namespace, grace: 1)
                }
            },
            undo: { fleet in
                var addresses: [String] = []
                for name in fleet.schedulerNames { addresses.append("\(await fleet.address(ofPod: name) ?? ""):8002") }
                try await fleet.tell(addresses)
            }
        )
    }
}

extension SimulatedDragonfly {
    private static func key(_ component: String) -> ObjectKey {
        ObjectKey(namespace: DragonflyRelease.namespace, name: "\(DragonflyRelease.name)-\(component)")
    }

    private func patch(_ component: String, _ key: String, _ text: String) async throws {
        let patch: JSONValue = ["data": [key: .string(text)]]
        _ = try await cluster.objects.api.answer(
            to: .patch(ClusterObjects.configMaps, Self.key(component), .merge(patch), manager: "helm")
        )
    }

    /// Writes another `dfdaemon.yaml` of the seeds; of a key that is there twice the sandbox's reader takes the last.
    func setSeeds(_ change: (String) -> String) async throws {
        let maps = release.daemonObjects.map(\.object)
        let map = maps.first { $0.objectName == Self.key("seed-client").name }
        let text = map?.stringMap(["data"])["dfdaemon.yaml"] ?? ""
        // The line with the host goes where another one comes.
        let changed = change(text)
        let lines = changed.split(separator: "\n", omittingEmptySubsequences: false)
        let hosts = lines.filter { $0.hasPrefix("host:") }
        let kept = lines.filter { !$0.hasPrefix("host:") } + hosts.suffix(1)
        try await patch("seed-client", "dfdaemon.yaml", kept.joined(separator: "\n") + "\n")
    }

    /// Writes another `scheduler.yaml`.
    func setSchedulers(_ change: (String) -> String) async throws {
        let map = release.schedulerObjects.map(\.object).first { $0.objectName == Self.key("scheduler").name }
        try await patch("scheduler", "scheduler.yaml", change(map?.stringMap(["data"])["scheduler.yaml"] ?? ""))
    }

    /// Has schedulers of another release made in the place of those that are there.
    func setScheduler(version: String) async throws {
        var other = release
        other.server = version
        let set = other.schedulerObjects.map(\.object).first { $0["kind"] == "StatefulSet" } ?? [:]
        let patch: JSONValue = ["spec": ["template": set.at(["spec", "template"]) ?? [:]]]
        _ = try await cluster.objects.api.answer(
            to: .patch(ClusterObjects.statefulSets, Self.key("scheduler"), .merge(patch), manager: "helm")
        )
    }

    /// Starts the containers of all schedulers again, and then those of seeds and clients, which announce themselves.
    func restartContainers() async throws {
        for name in schedulerNames { cluster.restartContainer(ofPod: name) }
        try await Task.sleep(for: .seconds(2))
        let schedulers = Set(schedulerNames)
        for pod in try await pods() where !schedulers.contains(pod.objectName) {
            cluster.restartContainer(ofPod: pod.objectName)
        }
    }

    /// Has the seeds' processes read their files again.
    func restartSeeds() async throws {
        for name in seedNames { try await cluster.objects.delete(pod: name, DragonflyRelease.namespace, grace: 1) }
    }

    /// Tells seeds and clients of other addresses of schedulers.
    func tell(_ addresses: [String]) async throws {
        var told = release
        told.schedulerAddresses = addresses
        for component in ["seed-client-dynconfig", "client-dynconfig"] {
            try await patch(component, "dynconfig.yaml", told.addresses)
        }
    }
}
