import KubeCore
import MirrorAPI

/// Causes that show in what schedulers know of daemons, and in what daemons answer.
extension PeerDiagnosis {
    /// Seeds that are meant to be in the set, and run.
    private var openSeeds: [DragonflyFleet.Seed] {
        fleet.seeds.filter { $0.quarantine == nil && $0.daemon?.isReady == true }
    }

    /// Hosts that announce another address than their pod has, where nobody answers: others are sent there. One that is
    /// known with its present address too is what is left of a pod before it.
    func wrongAddresses() -> [Finding] {
        let daemons = (fleet.seeds.compactMap(\.daemon) + fleet.clients).filter(\.isReady)
        let names = daemons.map { ("\(fleet.namespace)-\($0.name)", $0) }
        let seeds = fleet.seeds.compactMap(\.daemon).filter(\.isReady).map { ($0.name, $0) }
        let byName = Dictionary(names + seeds, uniquingKeysWith: { first, _ in first })
        let addresses = Set(daemons.flatMap(\.pod.addresses))
        var right: Set<String> = []
        var wrong: [String: (DragonflyHost, DragonflyFleet.Daemon)] = [:]
        for host in readings.compactMap(\.reading.hosts).joined() {
            if addresses.contains(host.ip) {
                right.insert(host.hostname)
            } else if let daemon = byName[host.name] ?? (host.isSeed ? byName[host.hostname] : nil),
                case .failed = fleet.evidence.strangers[host.address]
            {
                wrong[host.id] = (host, daemon)
            }
        }
        return wrong.sorted { $0.key < $1.key }.compactMap { _, found in
            let (host, daemon) = found
            guard !right.contains(host.hostname), let address = daemon.address else { return nil }
            let message =
                "\(daemon.name) announces the address \(host.ip), and its pod has \(address): others are sent where it "
                + "is not. Take host.ip out of \(DragonflyNames.daemonFile)"
            return Finding(.wrongAddress, message)
        }
    }

    /// Clients that only the scheduler of their own node knows: the host's network does not reach pods of other nodes.
    func cutOff() -> [Finding] {
        // Thousands of clients, each in each of the lists.
        let lists = readings.compactMap { daemon, reading -> (node: String, known: Set<String>)? in
            guard let hosts = reading.hosts, let node = daemon.node else { return nil }
            return (node, Set(hosts.map(\.ip)))
        }
        guard lists.count > 1 else { return [] }
        let clients = fleet.clients.filter {
            $0.isReady && $0.pod.spec.hostNetwork && isOld($0.pod, files.clientInterval)
        }
        let lone = clients.filter { client in
            let knowing = lists.filter { list in client.pod.addresses.contains { list.known.contains($0) } }
            return knowing.count == 1 && knowing.first?.node == client.node
        }
        guard lone.count > 1, lone.count * 2 > clients.count else { return [] }
        let message =
            "\(lone.count) of \(Self.count(clients.count, "client")) on the host's network are known only to the "
            + "scheduler on their own node (\(Sentences.list(lone.map(\.name)))): the network does not carry traffic "
            + "from nodes to pods of other nodes. Give the clients hostPorts in the pods' network, or mend the network"
        return [Finding(.hostNetworkCutOff, message)]
    }

    /// A scheduler that was started a while ago and knows nobody yet, or has forgotten what daemons still have.
    func forgetful() -> [Finding] {
        let all = fleet.seeds.compactMap(\.daemon) + fleet.clients
        guard all.contains(where: \.isReady) else { return [] }
        return readings.compactMap { daemon, reading in
            guard reading.health.isWell, reading.hosts?.isEmpty == true,
                let start = daemon.pod.readySince, fleet.now - start < Self.forgetfulSeconds
            else { return nil }
            let message =
                "The scheduler \(daemon.name) at \(reading.address) was started at \(start) and knows no host yet: "
                + "schedulers keep what they know in memory alone. Seeds come back within \(files.seedInterval) s and "
                + "clients within \(files.clientInterval) s; tasks are found again as they are asked for"
            return Finding(.schedulerForgot, message)
        }
    }

    private static let forgetfulSeconds = 3_600

    private func isOld(_ pod: Pod, _ interval: Int) -> Bool {
        pod.readySince.map { fleet.now - $0 > interval.multiplied(by: 2) } ?? false
    }

    /// Schedulers that know no seed.
    func noSeeds() -> [Finding] {
        let lists = readings.filter { $0.reading.hosts != nil }
        let empty = lists.filter { $0.reading.seeds.isEmpty && lasts($0.reading.seedlessSince) }
        guard let first = empty.first else { return [] }
        guard let seeds = fleet.seeds.isEmpty ? "no seed is deployed" : unseen() else { return [] }
        let which = Sentences.list(empty.map(\.reading.address))
        let version = first.daemon.version
        let keepsRing = version.map { DragonflyDefect.keepsLastRing.isIn($0) != false } ?? false
        let ring = keepsRing ? version.map { "; version \($0) keeps an empty set's last ring" } ?? "" : ""
        let strangers = fleet.evidence.strangers.sorted { $0.key < $1.key }.compactMap { address, health in
            health.words.map { "; \(address): \($0)" }
        }
        let message =
            "\(Sentences.form(empty.count, "The scheduler", "The schedulers")) \(which) "
            + "\(Sentences.form(empty.count, "lists", "list")) no seed "
            + "(\(seeds))\(ring)\(strangers.prefix(3).joined()): "
            + "start a seed, or restart the scheduler, which forgets all tasks"
        return [Finding(.noSeedInSchedulers, message)]
    }

    /// Why no scheduler knows the seeds that are there; nil where they may have had no time yet.
    private func unseen() -> String? {
        let ready = fleet.seeds.filter { $0.daemon?.isReady == true }
        guard !ready.isEmpty else { return "none of \(Self.count(fleet.seeds.count, "seed")) is Ready" }
        let old = ready.filter { seed in seed.pod.map { isOld($0, files.seedInterval) } ?? false }
        guard !old.isEmpty else { return nil }
        return "\(Sentences.list(old.map(\.name))) \(Sentences.form(old.count, "runs", "run")) and "
            + "\(Sentences.form(old.count, "has", "have")) not announced "
            + "\(Sentences.form(old.count, "itself", "themselves"))"
    }

    /// Seeds that are Ready by their own probe, which asks a socket of their own, and whose upload server nobody
    /// reaches. One that is out of the set is not to be reached.
    func unreachableSeeds() -> [Finding] {
        let open = openSeeds.filter { seed in
            seed.reading.map { !$0.wasQuarantined && lasts($0.failedSince) } ?? false
        }
        let failed = open.compactMap { seed -> Finding? in
            guard let reading = seed.reading, let daemon = seed.daemon else { return nil }
            switch reading.health {
            case .well, .busy: return nil
            case .failed(let failure): return unreachable(daemon, reading.address, failure, "seed")
            case .unwell(let text):
                let message = "The seed \(seed.name) at \(reading.address) is up in part: \(text)"
                return Finding(.seedsUnhealthy, message)
            }
        }
        guard failed.count == open.count, open.count > 1 else { return failed }
        let reasons = Set(failed.map(\.reason))
        guard reasons.count == 1, let first = failed.first else { return failed }
        let message = "All \(failed.count) seeds of the set fail, so clients go to the source. \(first.message)"
        return [Finding(first.reason, message)]
    }

    /// Small answers come and large ones do not.
    func cutShort() -> [Finding] {
        let lists = readings.compactMap { daemon, reading -> String? in
            guard reading.health.isWell, reading.hosts == nil, reading.isCutShort, let fault = reading.fault else {
                return nil
            }
            return "\(daemon.name) at \(reading.address) (ListHosts: \(fault))"
        }
        let pages = fleet.evidence.daemons.compactMap { reading -> String? in
            guard reading.health.isWell, reading.metricsFault == DaemonReading.noAnswer else { return nil }
            return "\(reading.pod) (metrics: \(DaemonReading.noAnswer))"
        }
        // A page alone may be a port that somebody closed.
        let cut = lists + pages
        guard !lists.isEmpty || pages.count > 1 else { return [] }
        let message =
            "Short answers arrive and long ones do not: \(cut.prefix(3).joined(separator: ", ")). That is how a path "
            + "looks that carries smaller packets than its ends send: compare the MTU of the pods' network with that "
            + "of the nodes' interfaces, less the overlay's header"
        return [Finding(.answersCutShort, message)]
    }

    /// Daemons that reach no scheduler from where they are, though we do from here: they were asked for a task that
    /// nobody has, for which they ask a scheduler, and say how that went.
    func daemonsWithoutScheduler() -> [Finding] {
        guard readings.allSatisfy(\.reading.health.isAnswer) else { return [] }
        return fleet.evidence.daemons.compactMap { reading in
            guard reading.health.isWell, lasts(reading.cutOffSince), let text = reading.lookup?.cutOffWords else {
                return nil
            }
            let message =
                "\(reading.pod) (\(reading.address)) reaches no scheduler from where it is (\(text)), and they can be "
                + "reached from here: compare the addresses that it is told, and what lies between its network and "
                + "theirs"
            return Finding(.schedulerUnreachable, message)
        }
    }

    // MARK: No fault

    var busyDaemons: [Finding] {
        let schedulers = readings.compactMap { daemon, reading in
            reading.health.busyText.map { (title: "\(daemon.name) (\(reading.address))", text: $0) }
        }
        let daemons = fleet.evidence.daemons.compactMap { reading in
            reading.health.busyText.map { (title: "\(reading.pod) (\(reading.address))", text: $0) }
        }
        let limit = files.seed.map { "; upload.server.requestRateLimit is \($0.requestRateLimit)" } ?? ""
        return [
            busy(schedulers, "raise server.requestRateLimit or add schedulers"),
            busy(daemons, limit: limit, "raise requestRateLimit or add seeds"),
        ].compactMap(\.self)
    }

    private func busy(_ daemons: [(title: String, text: String)], limit: String = "", _ advice: String) -> Finding? {
        guard let first = daemons.first else { return nil }
        // dragonflyoss/client `dragonfly-client/src/grpc`: above its thresholds a daemon sheds all calls for a while.
        let isFull = first.text.contains("thresholds are exceeded")
        let remedy =
            isFull
            ? ": it sheds every call while its memory or its CPU is above server.adaptiveRateLimit: raise its memory "
                + "limit"
            : "\(limit): \(advice)"
        let names = Sentences.list(daemons.map(\.title))
        let message =
            "BusyNotDead: \(names) \(Sentences.form(daemons.count, "answers", "answer")) code 8 "
            + "ResourceExhausted, which means overloaded and not dead (\(first.text))\(remedy), and raise "
            + "failureThreshold of the probes that restart the pods"
        return Finding(.busyNotDead, message)
    }

    var fullTables: [Finding] {
        fleet.evidence.daemons.compactMap { reading in
            guard let used = reading.metrics?.filesUsedPercent, let limit = reading.metrics?.fileLimit, used >= 90
            else {
                return nil
            }
            let message =
                "FileDescriptorsUsed: \(reading.pod) (\(reading.address)) has \(used) % of its \(Int(limit)) file "
                + "descriptors open, and refuses connections at 100 %: raise the limit of open files of its container "
                + "runtime"
            return Finding(.fileDescriptorsUsed, message)
        }
    }

    var killedForMemory: [Finding] {
        let pods = fleet.seeds.compactMap(\.pod) + fleet.schedulers.map(\.pod)
        return pods.compactMap { pod in
            guard pod.status.containers.contains(where: { $0.lastState?.terminated?.reason == "OOMKilled" }) else {
                return nil
            }
            let message =
                "MemoryLow: \(pod.metadata.name) was ended by the kernel for its memory (OOMKilled) the last time: "
                + "raise its memory limit"
            return Finding(.memoryLow, message)
        }
    }

    /// The console's table of peers says nothing of who is connected.
    var emptyConsole: [Finding] {
        guard fleet.evidence.manager?.schedulers != nil else { return [] }
        let message =
            "ManagerViewEmpty: a console that shows 0 peers is no fault, since its peer table is filled by the job "
            + "sync_peers alone (every 24 h or on demand), and its seed table stays empty with clients from 1.0.11 on"
        return [Finding(.managerViewEmpty, message)]
    }
}

extension CallReading {
    fileprivate var busyText: String? {
        guard case .busy(let text) = self else { return nil }
        return text
    }
}

extension Pod {
    /// Since when it has been Ready, or when it was made.
    var readySince: Timestamp? {
        status.conditions.first { $0.type == "Ready" }?.lastTransitionTime ?? metadata.creationTimestamp
    }
}
