import KubeCore
import MirrorAPI
import MirrorPlanner

/// Causes that lie with how daemons learn of schedulers, and what looks like a cause and is none.
extension DragonflyFault {
    /// On a release with a manager.
    static let manager = [emptyConsole, otherCluster, staleRows]
    /// On a release whose daemons look a name up.
    static let name = [smallTasks, openFiles, unresolved, cutOff]

    /// dragonflyoss/dragonfly#3564: nobody has run the job that fills the console's table.
    private static let emptyConsole = DragonflyFault(
        number: 1,
        name: "empty console",
        injected: "sync_peers was never run",
        words: Words(
            reason: .connected,
            address: { "\($0.release.schedulers) schedulers list \($0.release.seeds) seeds" },
            error: "ManagerViewEmpty",
            advice: "a console that shows 0 peers is no fault"
        ),
        symptom: .none,
        apply: { _ in },
        undo: { _ in }
    )

    /// Clients whose file names another cluster: the manager sends them to its scheduler, which has no seed.
    private static let otherCluster = DragonflyFault(
        number: 10,
        name: "wrong cluster",
        injected: "schedulerClusterID: 2 in the clients' file",
        words: Words(
            reason: .otherCluster,
            address: { _ in "dfdaemon.yaml of the clients is 2" },
            error: "manager.schedulerClusterID of the schedulers is 1",
            advice: "Set both to the same number"
        ),
        settle: 4,
        apply: { fleet in
            let address = try await fleet.startOtherScheduler()
            try await fleet.setRows { rows in
                rows.replacing("]", with: ", {hostname: other, ip: \(address), cluster: 2}]")
            }
            try await fleet.setFile(of: "client") {
                $0.replacing("schedulerClusterID: 1", with: "schedulerClusterID: 2")
            }
            try await fleet.restartDaemons(ofClients: true)
        },
        undo: { fleet in
            try await fleet.setRows { $0 }
            try await fleet.setFile(of: "client") { $0 }
            try await fleet.restartDaemons(ofClients: true)
        }
    )

    /// dragonflyoss/client#1607: rows of schedulers that are gone, which the manager hands out all the same.
    private static let staleRows = DragonflyFault(
        number: 3,
        name: "stale rows",
        injected: "the manager's rows are of schedulers that are gone",
        words: Words(
            reason: .staleSchedulerAddresses,
            address: { $0.release.schedulerAddresses[0] },
            error: "to no pod",
            advice: "delete the rows in the console",
            passing: [.noScheduler, .portClosed, .portSilent, .schedulerForgot]
        ),
        settle: 4,
        apply: staleAddresses.apply,
        undo: { try await $0.setRows(of: await $0.schedulerAddresses()) }
    )

    /// Tasks of up to 4 MiB skip the scheduler (dragonflyoss/client `dragonfly-client/src/resource/task.rs`).
    private static let smallTasks = DragonflyFault(
        number: 18,
        name: "tiny files",
        injected: "tasks of 1 MiB",
        words: Words(
            reason: .connected,
            address: { "\($0.release.schedulers) schedulers list \($0.release.seeds) seeds" },
            error: "",
            advice: ""
        ),
        taskSize: 1 << 20,
        apply: { _ in },
        undo: { _ in }
    )

    private static let openFiles = DragonflyFault(
        number: 15,
        name: "file descriptors",
        injected: "95 % of those of the clients are open",
        words: Words(
            reason: .connected,
            address: { "\((try? await $0.clients().first) ?? ""):4000" },
            error: "% of its 400 file descriptors open",
            advice: "raise the limit of open files"
        ),
        symptom: .none,
        apply: { fleet in
            var faults = PodFaults()
            faults.openFilesPercent = 95
            for pod in try await fleet.clientPods() { fleet.cluster.setFaults(faults, ofPod: pod.objectName) }
        },
        undo: { fleet in
            for pod in try await fleet.clientPods() { fleet.cluster.setFaults(ofPod: pod.objectName) }
        }
    )

    /// A name that no Service has (dragonflyoss/dragonfly#3139): daemons that start exit.
    private static let unresolved = DragonflyFault(
        number: 4,
        name: "DNS",
        injected: "scheduler.addr names no Service",
        words: Words(
            reason: .nameUnresolved,
            address: { _ in "\(SimulatedDragonfly.unknownName):8002" },
            error: "has no address",
            advice: "Name a Service of the schedulers"
        ),
        symptom: .down,
        settle: 3,
        apply: { fleet in
            try await fleet.tell("scheduler: {addr: \"\(SimulatedDragonfly.unknownName):8002\"}\n")
            // Until the kubelet has written it.
            try await Task.sleep(for: .seconds(1))
            try await fleet.restartDaemons(ofClients: true)
        },
        undo: { try await $0.tell($0.release.addresses) }
    )

    /// dragonflyoss/helm-charts#493: the host's network carries nothing to pods of other nodes.
    private static let cutOff = DragonflyFault(
        number: 6,
        name: "host network",
        injected: "clients reach no pod of another node",
        words: Words(
            reason: .hostNetworkCutOff,
            address: { (try? await $0.clientPods().first?.objectName) ?? "" },
            error: "are known only to the scheduler on their own node",
            advice: "Give the clients hostPorts in the pods' network",
            // Until all have had the time to announce themselves.
            passing: [.schedulerUnreachable, .schedulerForgot, .noScheduler, .portClosed]
        ),
        symptom: .source(0.25),
        settle: 6,
        apply: { fleet in
            let pods = try await fleet.pods()
            for client in try await fleet.clientPods() {
                let node = PodView.node(of: client)
                var faults = PodFaults()
                faults.unreachable = pods.filter { pod in
                    PodView.node(of: pod) != node && pod.stringMap(["metadata", "labels"])["component"] != "client"
                }.compactMap { $0.at(["status", "podIP"])?.stringValue }
                fleet.cluster.setFaults(faults, ofPod: client.objectName)
            }
            try await Task.sleep(for: .seconds(1))
            for name in fleet.schedulerNames { fleet.cluster.restartContainer(ofPod: name) }
        },
        undo: { fleet in
            for pod in try await fleet.clientPods() { fleet.cluster.setFaults(ofPod: pod.objectName) }
        },
        leadsOn: true
    )
}
