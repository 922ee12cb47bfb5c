package import KubeCore
package import KubeRuntime
package import Logging
import MirrorAPI
import MirrorPlanner
import Synchronization

/// The announcers of one node's seeds: one for each mirror, replaced when what it announces changes.
///
/// That they end, because the agent does or the node is no seed any more, is no goodbye: only the daemon's own end is.
package actor SeedAnnouncers {
    /// What is announced, and how its daemon is asked whether it is there.
    package struct Seed: Hashable, Sendable {
        package var lease: SeedLease
        package var unit: String
        package var probe: ProbeRequest

        package init(lease: SeedLease, unit: String, probe: ProbeRequest) {
            self.lease = lease
            self.unit = unit
            self.probe = probe
        }
    }

    private let api: KubeAPI
    private let probes: (any ProbeTransport)?
    private let services: (any ServiceManager)?
    private let time: MonotonicTime
    private let wallClock: @Sendable () -> MicroTimestamp
    private let log: Logger
    private var running: [String: (seed: Seed, task: Task<Void, Never>)] = [:]
    private var hasEnded = false
    /// Whether this node is a seed of any mirror, announced or not.
    package private(set) var isAnySeed = false

    /// - Parameters:
    ///   - probes: nil where nothing is announced.
    ///   - services: nil where the service manager may not be asked: then no seed says goodbye.
    package init(
        _ api: KubeAPI,
        probes: (any ProbeTransport)?,
        services: (any ServiceManager)?,
        time: MonotonicTime,
        wallClock: @escaping @Sendable () -> MicroTimestamp,
        log: Logger
    ) {
        self.api = api
        self.probes = probes
        self.services = services
        self.time = time
        self.wallClock = wallClock
        self.log = log
    }

    /// What is announced now, by mirror.
    package var seeds: [String: Seed] { running.mapValues(\.seed) }

    /// Announces these seeds, by mirror, and no others.
    package func announce(_ seeds: [String: Seed], isAnySeed: Bool) async {
        self.isAnySeed = isAnySeed
        guard let probes, !hasEnded else { return }
        for (mirror, present) in running where seeds[mirror] != present.seed {
            running[mirror] = nil
            present.task.cancel()
            // Two announcers of one Lease would fight over it.
            await present.task.value
        }
        for (mirror, seed) in seeds where running[mirror] == nil && !hasEnded {
            running[mirror] = (seed, start(seed, probes))
        }
    }

    /// Ends all announcers, for good.
    package func stop() async {
        hasEnded = true
        let tasks = running.values.map(\.task)
        running = [:]
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private func start(_ seed: Seed, _ probes: any ProbeTransport) -> Task<Void, Never> {
        let log = log
        let lastFault = LastFault()
        let announcer = SeedAnnouncer(
            seed.lease,
            writer: AnnouncementWriter(api, now: wallClock),
            isAlive: { await probes.probe(seed.probe).isSuccess },
            service: { [services] in
                guard let services else { return .unknown }
                return ServicePresence(seed.unit, try? await services.show(seed.unit))
            },
            time: time,
            report: { error in
                guard let text = lastFault.news(error) else { return }
                log.warning("the announcement of \(seed.lease.key) could not be written: \(text)")
            }
        )
        return Task { await announcer.run() }
    }
}

extension NodeAgent {
    /// Announces the seeds that the MirrorNodes name; where they can't be read, those that were known before.
    func announce(_ mirrorNodes: [String: MirrorNode]?) async {
        guard let mirrorNodes else { return }
        var seeds: [String: SeedAnnouncers.Seed] = [:]
        let isAnySeed = mirrorNodes.values.contains { $0.spec.announceIntervalSeconds != nil }
        for (mirror, object) in mirrorNodes {
            guard let interval = object.spec.announceIntervalSeconds,
                let daemon = object.spec.provider.duty.daemon(of: object), let address = await peerAddress(),
                let probe = ProbeRequest(daemon.probe, host: address)
            else { continue }
            // To block the owner's deletion would need a permission on its finalizers, and the Lease need not.
            var owner = object.controllerReference()
            owner.blockOwnerDeletion = nil
            seeds[mirror] = SeedAnnouncers.Seed(
                lease: SeedLease(
                    mirror: mirror,
                    node: options.nodeName,
                    namespace: options.announcementNamespace,
                    intervalSeconds: interval,
                    owner: owner
                ),
                unit: daemon.unit,
                probe: probe
            )
        }
        await announcers.announce(seeds, isAnySeed: isAnySeed)
    }

    /// Where the daemon listens for its peers; nil where the Node can't be read or has no address yet.
    private func peerAddress() async -> String? {
        let known = nodeCaches.values.lazy.compactMap { $0.node?.addresses("InternalIP").first }.first
        if let known { return known }
        return try? await api.find(Node.self, ObjectKey(name: options.nodeName))?.addresses("InternalIP").first
    }
}

/// The last thing that went wrong: the same again is no news.
private final class LastFault: Sendable {
    private let text = Mutex<String?>(nil)

    /// What is to be told; nil where nothing went wrong, or the same as before.
    func news(_ error: KubeError?) -> String? {
        let new = error?.message
        return text.withLock { text in
            defer { text = new }
            return new == text ? nil : new
        }
    }
}
