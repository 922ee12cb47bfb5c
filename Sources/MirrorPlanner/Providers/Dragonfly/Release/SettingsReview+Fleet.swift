import KubeCore
import MirrorAPI

extension SettingsReview {
    /// The files of a release, with what is known of the fleet that they are for.
    init(_ fleet: DragonflyFleet, _ files: DragonflyFiles) {
        self.init()
        func document(_ component: DragonflyNames.Component, _ file: SettingsFile) -> SettingsDocument? {
            let source = files.sources.first { $0.component == component && $0.file == file }
            return source.flatMap { try? SettingsDocument(file, text: $0.text) }
        }
        scheduler = document(.scheduler, .scheduler)
        seed = document(.seed, .daemon)
        client = document(.client, .daemon)
        schedulerDynconfig = document(.scheduler, .schedulerDynconfig)
        seedDynconfig = document(.seed, .daemonDynconfig)
        clientDynconfig = document(.client, .daemonDynconfig)
        serverVersion = fleet.schedulers.compactMap(\.version).min()
        clientVersion = (fleet.seeds.compactMap(\.daemon) + fleet.clients).compactMap(\.version).min()
        evictAtPercent = fleet.mirror.spec.health.disk.evictAtPercent
        peers = fleet.seeds.count + fleet.clients.count
        storage = fleet.evidence.daemons.lazy.compactMap { Storage($0) }.first
        isOverloaded = fleet.evidence.daemons.contains { if case .busy = $0.health { true } else { false } }
    }
}

extension SettingsReview.Storage {
    /// What a daemon exports of its volume; nil where it exports nothing. Its figures change all the time, and what is
    /// said of settings must not: only what its agent has measured counts.
    fileprivate init?(_ reading: DaemonReading) {
        guard let content = reading.contentBytes, let total = reading.metrics?.diskTotal else { return nil }
        self.init(
            volumeBytes: total,
            usedPercent: reading.metrics?.diskUsedPercent.map(Double.init),
            contentBytes: content
        )
    }
}
