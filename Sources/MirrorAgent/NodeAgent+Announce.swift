import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import MirrorPlanner
import Synchronization

extension NodeAgent {
    /// Keeps what is to be announced. Without the permission to ask the service manager nothing is: whether the daemon
    /// lives can't be told then.
    func noteSeeds(among mirrorNodes: [String: MirrorNode]) {
        let seeds = mirrorNodes.values.compactMap(announcedSeed)
        guard options.mayRestart else {
            if !seeds.isEmpty { noteSilence() }
            return
        }
        self.seeds = Set(seeds)
    }

    private func noteSilence() {
        guard !hasToldSilence else { return }
        hasToldSilence = true
        log.warning(
            "this seed is not announced: without --restart the service manager can't be asked whether its daemon runs",
            metadata: ["node": "\(options.nodeName)"]
        )
    }

    private func announcedSeed(_ mirrorNode: MirrorNode) -> AnnouncedSeed? {
        let spec = mirrorNode.spec
        guard let interval = spec.announceIntervalSeconds, mirrorNode.metadata.deletionTimestamp == nil else {
            return nil
        }
        return AnnouncedSeed(
            lease: SeedLease(
                mirror: spec.mirrorName,
                node: options.nodeName,
                namespace: options.announcementNamespace,
                intervalSeconds: interval,
                owner: OwnerReference(
                    apiVersion: MirrorNode.resource.apiVersion,
                    kind: MirrorNode.resource.kind,
                    name: mirrorNode.metadata.name,
                    uid: mirrorNode.metadata.uid ?? ""
                )
            ),
            unit: RancherDistribution(spec.provider).unit(of: spec.role)
        )
    }

    /// What announces one seed: its daemon is there while the service manager says that its unit runs.
    func announcer(
        of seed: AnnouncedSeed,
        _ time: MonotonicTime,
        _ now: @escaping @Sendable () -> Timestamp
    ) -> SeedAnnouncer {
        let service = { @Sendable [services] in
            ServicePresence(seed.unit, try? await services.show(seed.unit))
        }
        let last = LastFault()
        return SeedAnnouncer(
            seed.lease,
            writer: AnnouncementWriter(api) { MicroTimestamp(now()) },
            isAlive: { await service() == .running },
            service: service,
            time: time,
            report: { [log, options] error in
                guard last.isNew(error?.description), let error else { return }
                log.warning(
                    "the announcement was not written and is tried again: \(error)",
                    metadata: ["mirror": "\(seed.lease.mirror)", "node": "\(options.nodeName)"]
                )
            }
        )
    }
}

/// The last fault that was told, so that the same one is told once.
private final class LastFault: Sendable {
    private let text = Mutex<String?>(nil)

    /// Takes a fault, or nil where there is none; true where it differs from the last one.
    func isNew(_ fault: String?) -> Bool {
        text.withLock { text in
            defer { text = fault }
            return text != fault
        }
    }
}
