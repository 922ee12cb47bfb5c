import KubeCore

extension DragonflySettings {
    /// `dynconfig.yaml` of a scheduler without a manager, which reads it again each `dynconfig.refreshInterval`
    /// (dragonfly `scheduler/config/dynconfig_local.go`).
    package struct SchedulerDynconfig: Hashable, Sendable {
        /// Parents that a peer is told of.
        package var candidateParentLimit: Int
        /// Peers of a task that are drawn by chance and then weighed.
        package var filterParentLimit: Int
        package var jobRateLimit: Int?

        package init(text: String) throws(SettingsFault) {
            self.init(try SettingsDocument(.schedulerDynconfig, text: text))
        }

        /// 0 means the default (dragonfly `scheduler/scheduling/scheduling.go`).
        package init(_ document: SettingsDocument) {
            func limit(_ key: String) -> Int? {
                document.integer("schedulerClusterConfig.\(key)").flatMap { $0 > 0 ? $0 : nil }
            }
            candidateParentLimit = limit("candidateParentLimit") ?? 3
            filterParentLimit = limit("filterParentLimit") ?? 15
            jobRateLimit = limit("jobRateLimit")
        }
    }

    /// `dynconfig.yaml` of a daemon without a manager (client `dragonfly-client/src/dynconfig/local.rs`).
    package struct DaemonDynconfig: Hashable, Sendable {
        /// A name or an address with a port; all addresses of the name are schedulers. Not used where `addrs` has one.
        package var address: String
        /// `ip:port`, and nothing else; empty: `address` holds.
        package var addresses: [String]
        /// Whether clients or seeds are told of content that they don't load.
        package var hasBlockList: Bool

        package init(text: String) throws(SettingsFault) {
            self.init(try SettingsDocument(.daemonDynconfig, text: text))
        }

        package init(_ document: SettingsDocument) {
            address = document.string("scheduler.addr") ?? "dragonfly-scheduler:8002"
            addresses = document.strings("scheduler.addrs") ?? []
            hasBlockList = ["clientConfig", "seedClientConfig"].contains { section in
                ["blockList", "block_list"].contains { document["\(section).\($0)"]?.objectValue?.isEmpty == false }
            }
        }
    }
}
