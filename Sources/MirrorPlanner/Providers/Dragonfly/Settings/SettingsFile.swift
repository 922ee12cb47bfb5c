/// One of the files that Dragonfly's processes read.
package enum SettingsFile: Hashable, Sendable, CaseIterable {
    /// `scheduler.yaml`, by viper and mapstructure (dragonfly `cmd/dependency/dependency.go`, `initConfig`).
    case scheduler
    /// `dfdaemon.yaml` of a seed or of a client, by serde_yaml (client `dragonfly-client-config/src/dfdaemon.rs`).
    case daemon
    /// `dynconfig.yaml` of a scheduler without a manager (dragonfly `scheduler/config/dynconfig_local.go`).
    case schedulerDynconfig
    /// `dynconfig.yaml` of a daemon without a manager (client `dragonfly-client/src/dynconfig/local.rs`).
    case daemonDynconfig

    /// As the key of a ConfigMap and as the file below `/etc/dragonfly`.
    package var name: String {
        switch self {
        case .scheduler: "scheduler.yaml"
        case .daemon: "dfdaemon.yaml"
        case .schedulerDynconfig, .daemonDynconfig: "dynconfig.yaml"
        }
    }

    /// Whose it is, where the name alone does not say it.
    package var title: String {
        switch self {
        case .scheduler, .daemon: name
        case .schedulerDynconfig: "dynconfig.yaml (scheduler)"
        case .daemonDynconfig: "dynconfig.yaml (daemon)"
        }
    }

    /// Go's: keys in any case, durations as Go writes them, a bare number is nanoseconds, `"3"` is a number too.
    var isGo: Bool { self == .scheduler || self == .schedulerDynconfig }

    /// Whether a running process reads it again. Both dynconfigs: lazily, once their refresh interval is over.
    package var isReloaded: Bool { self == .schedulerDynconfig || self == .daemonDynconfig }
}

/// Why a file has no settings. Nothing of its text is kept: it may hold passwords.
package struct SettingsFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: SettingsFile
    /// Counted from 1; nil where the text has another fault than one of YAML.
    package var line: Int?

    package init(file: SettingsFile, line: Int? = nil) {
        (self.file, self.line) = (file, line)
    }

    package var description: String {
        let place = line.map { ", line \($0)" } ?? ""
        return "\(file.title) is not one YAML mapping\(place)"
    }
}
