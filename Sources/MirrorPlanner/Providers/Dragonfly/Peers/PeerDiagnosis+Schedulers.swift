import KubeCore
import MirrorAPI

/// Causes that lie with schedulers: whether there is one, whether it can be found, and whether it can be reached.
extension PeerDiagnosis {
    /// Daemons that start without a scheduler exit (dragonflyoss/dragonfly#3158); those that run go on.
    func noScheduler() -> [Finding] {
        guard !fleet.schedulers.contains(where: \.isReady) else { return [] }
        let which =
            fleet.schedulers.isEmpty
            ? "There is no scheduler" : "None of \(Self.count(fleet.schedulers.count, "scheduler")) is Ready"
        let message =
            "\(which) (label component=scheduler in \(fleet.namespace)): daemons that start now exit, and those that "
            + "run go to the source. Bring a scheduler up; do not restart daemons that run"
        return [Finding(.noScheduler, message)]
    }

    /// Releases that do not find each other.
    func skew() -> [Finding] {
        let isBroken: (VersionFinding) -> Bool = { $0.severity == .fault && $0.kind != .schedulerTLS }
        return (files.versions(of: fleet)?.findings ?? []).filter(isBroken).prefix(1).map {
            Finding(.versionSkew, $0.message)
        }
    }

    /// A value that keeps every client from asking others.
    func oddFiles() -> [Finding] {
        if let file = files.scheduler, file.retryBackToSourceLimit < 0 {
            let message =
                "scheduler.retryBackToSourceLimit in \(DragonflyNames.schedulerFile) is "
                + "\(file.retryBackToSourceLimit): below 0 every daemon is sent to the source at once; set it to 3"
            return [Finding(.settingsWrong, message)]
        }
        if files.seed?.isSeed == false, !fleet.seeds.isEmpty {
            let message =
                "seedPeer.enable in \(DragonflyNames.daemonFile) of the seeds is not true: they announce themselves as "
                + "clients, and no scheduler has a seed; set it to true"
            return [Finding(.settingsWrong, message)]
        }
        return []
    }

    /// A daemon whose file names another cluster asks other schedulers: the schedulers' answers do not show it.
    func otherCluster() -> [Finding] {
        guard let scheduler = files.scheduler, scheduler.managerAddress != nil else { return [] }
        let daemons = [("seeds", files.seed?.schedulerClusterID), ("clients", files.client?.schedulerClusterID)]
        return daemons.compactMap { who, id in
            guard let id, id != scheduler.schedulerClusterID else { return nil }
            let message =
                "host.schedulerClusterID in \(DragonflyNames.daemonFile) of the \(who) is \(id), and "
                + "manager.schedulerClusterID of the schedulers is \(scheduler.schedulerClusterID): the manager sends "
                + "the \(who) to the schedulers of another cluster. Set both to the same number"
            return Finding(.otherCluster, message)
        }
    }

    /// The name that daemons look schedulers up by.
    func unresolved() -> [Finding] {
        guard let name = fleet.evidence.name, case .failed(let failure) = name.health else { return [] }
        guard failure.kind == .unresolved else { return [] }
        let message =
            "scheduler.addr in \(DragonflyNames.dynconfigFile) is \(name.name), which has no address "
            + "(\(failure.message)): no daemon finds a scheduler by it. Name a Service of the schedulers, such as one "
            + "with clusterIP None and the selector component=scheduler"
        return [Finding(.nameUnresolved, message)]
    }

    /// A name that has an address where no scheduler answers, though the schedulers' own addresses do.
    private var staleName: Finding? {
        guard let name = fleet.evidence.name, case .failed(let failure) = name.health, failure.kind != .unresolved,
            !readings.isEmpty, readings.allSatisfy(\.reading.health.isAnswer)
        else { return nil }
        let message =
            "scheduler.addr in \(DragonflyNames.dynconfigFile) is \(name.name), where no scheduler answers "
            + "(\(failure.message)), and each of them can be reached at the address of its pod: compare the selector "
            + "and the port of that Service with the schedulers' pods"
        return Finding(.staleSchedulerAddresses, message)
    }

    /// Schedulers that are Ready by their own probe, which asks them on their own address, and that others can't reach.
    func unreachableSchedulers() -> [Finding] {
        readings.compactMap { daemon, reading in
            guard daemon.isReady, lasts(reading.failedSince), case .failed(let failure) = reading.health else {
                return nil
            }
            return unreachable(daemon, reading.address, failure, "scheduler")
        }
    }

    /// Addresses that daemons are told and that belong to no pod.
    func staleAddresses() -> [Finding] {
        let present = Set(fleet.schedulers.flatMap(\.pod.addresses).map { Self.address($0, files.schedulerPort) })
        return [staleInManager(present), staleInFile(present), staleName].compactMap(\.self)
    }

    private func staleInManager(_ present: Set<String>) -> Finding? {
        let known = fleet.evidence.manager?.schedulers ?? []
        let stale = known.filter { !present.contains($0.address) }.sorted { $0.address < $1.address }
        guard !stale.isEmpty else { return nil }
        let inactive = stale.count { $0.state == "inactive" }
        let interval = files.client.map {
            "; a client learns of a change only every \(Self.seconds($0.refreshInterval))"
        }
        let empty = emptySchedulers.map { ". \($0)" } ?? ""
        let message =
            "The manager tells daemons of \(Self.joined(stale.map(\.address))), which "
            + "\(Sentences.form(stale.count, "belongs", "belong")) to no pod (\(inactive) of \(stale.count) "
            + "\(Sentences.form(inactive, "is", "are")) inactive rows, which the manager hands out all the same)"
            + "\(interval ?? ""): delete the rows in the console\(empty)"
        return Finding(.staleSchedulerAddresses, message)
    }

    private func staleInFile(_ present: Set<String>) -> Finding? {
        let named = (files.seedDynconfig?.addresses ?? []) + (files.clientDynconfig?.addresses ?? [])
        let stale = Set(named).subtracting(present).sorted()
        guard !stale.isEmpty else { return nil }
        let message =
            "scheduler.addrs in \(DragonflyNames.dynconfigFile) names \(Self.joined(stale)), which "
            + "\(Sentences.form(stale.count, "belongs", "belong")) to no pod: pods get other addresses when they are "
            + "made anew. Name a Service in scheduler.addr instead"
        return Finding(.staleSchedulerAddresses, message)
    }

    /// Schedulers that answer and know no host, in words; nil where there is none.
    private var emptySchedulers: String? {
        let empty = readings.filter { $0.reading.hosts?.isEmpty == true }.map(\.reading.address)
        guard !empty.isEmpty else { return nil }
        return "The \(Sentences.form(empty.count, "scheduler", "schedulers")) \(Sentences.list(empty)) "
            + "\(Sentences.form(empty.count, "has", "have")) no host yet"
    }

    /// What keeps others from a daemon that is Ready by its own probe.
    func unreachable(
        _ daemon: DragonflyFleet.Daemon,
        _ address: String,
        _ failure: CallReading.Failure,
        _ noun: String
    ) -> Finding {
        let subject = "The \(noun) \(daemon.name) at \(address)"
        if daemon.isInMesh || failure.message.contains("upstream connect error") {
            let message =
                "\(subject) is in a service mesh and can't be called (\(failure.message)): exclude its ports from the "
                + "mesh, or set appProtocol to grpc on its Service"
            return Finding(.meshInTheWay, message)
        }
        if failure.kind == .notGRPC, failure.message.contains("HTTP/1") {
            let message =
                "Something else answers in the place of the \(noun) \(daemon.name) at \(address) "
                + "(\(failure.message)): a proxy or a mesh that takes its port for plain HTTP. Exclude the port from "
                + "it, or set appProtocol to grpc on its Service"
            return Finding(.meshInTheWay, message)
        }
        switch failure.kind {
        case .tls, .notGRPC:
            let ours = files.scheduler?.hasTLS == true && noun == "scheduler"
            let advice =
                ours
                ? "server.tls is set in \(DragonflyNames.schedulerFile), and daemons call schedulers in plain text: "
                    + "take it out"
                : "one side speaks TLS and the other does not: compare server.tls and upload.server in both files"
            return Finding(
                .tlsMismatch,
                "\(subject) answers otherwise than in plain HTTP/2 (\(failure.message)): \(advice)"
            )
        case .refused:
            let message =
                "\(subject) refuses connections (\(failure.message)) though its pod is Ready, whose probe asks from "
                + "inside: look for a port that is set otherwise in its file than in its Service"
            return Finding(.portClosed, message)
        case .silent, .broken, .unresolved:
            let policies = policies(on: daemon)
            let advice =
                policies.isEmpty
                ? "look for a firewall, or a network that does not carry pods' traffic between nodes"
                : "\(Sentences.list(policies)) \(Sentences.form(policies.count, "selects", "select")) its pod and "
                    + "\(Sentences.form(policies.count, "does", "do")) not let in this port"
            let message =
                "\(subject) can't be reached (\(failure.message)) though its pod is Ready, whose probe asks from "
                + "inside: "
                + advice
            return Finding(.portSilent, message)
        }
    }

    private func policies(on daemon: DragonflyFleet.Daemon) -> [String] {
        let labels = daemon.pod.metadata.labels
        return (fleet.evidence.policies ?? []).filter { PolicyReading($0).selects(labels) }.map(\.title).sorted()
    }

    static func address(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// As an administrator writes it: 300 is "5m".
    static func seconds(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 1e9))
        return whole % 60 == 0 && whole > 0 ? "\(whole / 60)m" : "\(whole)s"
    }
}

extension DragonflyFleet.Daemon {
    /// Whether a mesh sits before it.
    var isInMesh: Bool {
        pod.spec.containers.contains { ["istio-proxy", "linkerd-proxy", "envoy-sidecar"].contains($0.name) }
    }
}
