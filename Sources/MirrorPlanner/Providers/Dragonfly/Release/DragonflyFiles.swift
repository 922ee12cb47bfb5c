import KubeCore

/// What the files of a release say to its daemons. They stand in the ConfigMaps that the pods mount, whatever those are
/// called.
package struct DragonflyFiles: Sendable {
    /// One file that cannot be read, with the ConfigMap that it stands in.
    struct Fault: Hashable, Sendable {
        var configMap: String
        var fault: SettingsFault
    }

    /// Of the schedulers; nil where there is none, or none that can be read.
    package private(set) var scheduler: DragonflySettings.SchedulerFile?
    package private(set) var seed: DragonflySettings.DaemonFile?
    package private(set) var client: DragonflySettings.DaemonFile?
    package private(set) var schedulerDynconfig: DragonflySettings.SchedulerDynconfig?
    package private(set) var seedDynconfig: DragonflySettings.DaemonDynconfig?
    package private(set) var clientDynconfig: DragonflySettings.DaemonDynconfig?
    private(set) var faults: [Fault] = []
    /// Where each file stands, for messages.
    private(set) var sources: [Source] = []

    /// A file of a component in a ConfigMap.
    package struct Source: Hashable, Sendable {
        package var component: DragonflyNames.Component
        package var file: SettingsFile
        package var configMap: String
        package var text: String
    }

    package init(_ fleet: DragonflyFleet) {
        let pods: [(DragonflyNames.Component, Pod?)] = [
            (.scheduler, fleet.schedulers.first?.pod), (.seed, fleet.seeds.compactMap(\.pod).first),
            (.client, fleet.clients.first?.pod),
        ]
        for (component, pod) in pods {
            for name in pod?.spec.volumes.flatMap(\.configMaps) ?? [] {
                for (key, text) in (fleet.evidence.files[name] ?? [:]).sorted(by: { $0.key < $1.key }) {
                    guard let file = SettingsFile(key, of: component) else { continue }
                    take(Source(component: component, file: file, configMap: name, text: text))
                }
            }
        }
    }

    private mutating func take(_ source: Source) {
        sources.append(source)
        do throws(SettingsFault) {
            switch (source.file, source.component) {
            case (.scheduler, _): scheduler = try .init(text: source.text)
            case (.daemon, .seed): seed = try .init(text: source.text)
            case (.daemon, _): client = try .init(text: source.text)
            case (.schedulerDynconfig, _): schedulerDynconfig = try .init(text: source.text)
            case (.daemonDynconfig, .seed): seedDynconfig = try .init(text: source.text)
            case (.daemonDynconfig, _): clientDynconfig = try .init(text: source.text)
            }
        } catch {
            faults.append(Fault(configMap: source.configMap, fault: error))
        }
    }

    /// Where schedulers listen; 8002 where no file says otherwise.
    package var schedulerPort: Int { scheduler?.port ?? 8_002 }

    /// Where seeds listen, and clients; as dragonflyoss/client `dragonfly-client-config/src/dfdaemon.rs` has them where
    /// no file says otherwise.
    package var seedPorts: DragonflySettings.DaemonFile.Ports { seed?.ports ?? .standard }
    package var clientPorts: DragonflySettings.DaemonFile.Ports { client?.ports ?? .standard }

    /// How often a seed announces itself, in seconds.
    package var seedInterval: Int { Self.seconds(seed?.announceInterval) }
    package var clientInterval: Int { Self.seconds(client?.announceInterval) }

    private static func seconds(_ interval: Double?) -> Int {
        guard let interval, interval.isFinite else { return 300 }
        return Int(min(max(interval.rounded(.up), 1), 86_400))
    }

    /// The releases that run, by what the images' tags and the daemons themselves say; nil where none is known.
    func versions(of fleet: DragonflyFleet) -> VersionFleet? {
        func counts(_ versions: [DragonflyVersion]) -> [DragonflyVersion: Int] {
            Dictionary(grouping: versions) { $0 }.mapValues(\.count)
        }
        let servers = (fleet.schedulers + fleet.managers).compactMap(\.version)
        let clients = (fleet.seeds.compactMap(\.daemon) + fleet.clients).compactMap(\.version)
        guard !servers.isEmpty || !clients.isEmpty else { return nil }
        let isManagerless = scheduler.map { $0.managerAddress == nil } ?? false
        return VersionFleet(
            servers: counts(servers),
            clients: counts(clients),
            isManagerless: isManagerless,
            hasSchedulerTLS: scheduler?.hasTLS ?? false
        )
    }
}

extension SettingsFile {
    /// The file that a key of a ConfigMap is to the daemons of that kind; nil where it is none of theirs.
    fileprivate init?(_ key: String, of component: DragonflyNames.Component) {
        switch (key, component) {
        case (DragonflyNames.schedulerFile, .scheduler): self = .scheduler
        case (DragonflyNames.daemonFile, .seed), (DragonflyNames.daemonFile, .client): self = .daemon
        case (DragonflyNames.dynconfigFile, .scheduler): self = .schedulerDynconfig
        case (DragonflyNames.dynconfigFile, .seed), (DragonflyNames.dynconfigFile, .client): self = .daemonDynconfig
        default: return nil
        }
    }
}

extension DragonflySettings.DaemonFile.Ports {
    static let standard = DragonflySettings.DaemonFile.Ports(
        upload: 4_000,
        proxy: 4_001,
        metrics: 4_002,
        health: 4_003,
        stats: 4_004,
        storageTCP: 4_005,
        storageQUIC: 4_006
    )
}
