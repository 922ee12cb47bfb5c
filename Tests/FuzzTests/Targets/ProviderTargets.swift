import KubeCore

@testable import MirrorPlanner

/// What daemons of providers say of themselves.
enum ProviderTargets {
    /// The files of Dragonfly's processes, and a container's command line.
    static func settings(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let text = String(decoding: bytes, as: UTF8.self)
        let masked = SettingsSecrets.masked(text)
        guard SettingsSecrets.masked(masked) == masked else { return .wrong("masked once more it is another text") }
        _ = (try? DragonflySettings.SchedulerFile(text: text), try? DragonflySettings.DaemonFile(text: text))
        _ = (try? DragonflySettings.SchedulerDynconfig(text: text), try? DragonflySettings.DaemonDynconfig(text: text))
        var outcome = FuzzTarget.Outcome.refused
        for file in SettingsFile.allCases {
            guard let document = try? SettingsDocument(file, text: text) else { continue }
            outcome = .read
            for path in ["host.ip", "gc.policy.distHighThresholdPercent", "scheduler.gc.hostTTL", "storage.dir"] {
                _ = (document.integer(path), document.duration(path), document.bytes(path), document.port(path))
            }
            let command = ContainerCommand(document.root)
            _ = (command.values("mirrored-registries"), command.port("registry-addr"), command.readiness?.port)
            _ = (command.containerPort("registry"), command.mount(of: "/etc/containerd/certs.d")?.rest)
        }
        return outcome
    }

    /// Pages of metrics.
    static func metrics(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let page = String(decoding: bytes, as: UTF8.self)
        let reading = PeerReading(address: "10.0.0.1:9090", metrics: page)
        _ = reading.words
        let metrics = DaemonMetrics(page: page)
        return .read(if: reading.connections != nil || metrics != DaemonMetrics())
    }
}
