/// All keys that a file's reader knows, in any release that was read: what is not among them is read by nobody.
struct SettingKeys: Sendable {
    /// By path; `[]` behind a key stands for each element of its list.
    let types: [String: SettingType]
    /// The first release that reads a key, where it is not older than all that was read.
    let since: [String: DragonflyVersion]
    /// The last release that reads a key, where it is gone.
    let until: [String: DragonflyVersion]
    /// Mappings and lists on the way to a key.
    let sections: Set<String>
    /// Names that stand beside each other, by their section; the empty one is the top.
    let siblings: [String: [String]]
    /// In lower case, for the reader that ignores case.
    let lowered: [String: String]

    init(
        types: [SettingType: [String]],
        since: [DragonflyVersion: [String]] = [:],
        until: [DragonflyVersion: [String]] = [:]
    ) {
        self.types = Self.inverted(types)
        self.since = Self.inverted(since)
        self.until = Self.inverted(until)
        var sections: Set<String> = []
        for path in self.types.keys {
            let parts = path.split(separator: ".")
            for length in 1..<max(1, parts.count) { sections.insert(parts[..<length].joined(separator: ".")) }
        }
        self.sections = sections
        var siblings: [String: Set<String>] = [:]
        for path in Array(sections) + Array(self.types.keys) {
            let parts = path.split(separator: ".")
            let name = String((parts.last ?? "").prefix { $0 != "[" })
            siblings[parts.dropLast().joined(separator: "."), default: []].insert(name)
        }
        self.siblings = siblings.mapValues { $0.sorted() }
        let names = Array(sections) + Array(self.types.keys)
        // Of two keys that differ in case only, no release of the scheduler has more than one.
        lowered = Dictionary(names.map { ($0.lowercased(), $0) }) { first, second in min(first, second) }
    }

    private static func inverted<Key>(_ lists: [Key: [String]]) -> [String: Key] {
        Dictionary(lists.flatMap { key, paths in paths.map { ($0, key) } }) { first, _ in first }
    }

    static func keys(of file: SettingsFile) -> SettingKeys {
        switch file {
        case .scheduler: scheduler
        case .daemon: daemon
        case .schedulerDynconfig: schedulerDynconfig
        case .daemonDynconfig: daemonDynconfig
        }
    }

    /// dragonfly `scheduler/config/dynconfig_local.go`, `manager/types/scheduler_cluster.go`, v2.5.1. Block lists are
    /// content that peers leave alone, and are not looked into.
    static let schedulerDynconfig = SettingKeys(types: [
        .anything: [
            "applications", "seedPeerClusterConfig.blockList", "schedulerClusterClientConfig.blockList",
        ],
        .unsigned(32): [
            "schedulerClusterConfig.candidateParentLimit", "schedulerClusterConfig.filterParentLimit",
            "schedulerClusterConfig.jobRateLimit", "seedPeerClusterConfig.loadLimit",
            "schedulerClusterClientConfig.loadLimit",
        ],
    ])

    /// client `dragonfly-client/src/dynconfig/local.rs`, v1.5.1.
    static let daemonDynconfig = SettingKeys(types: [
        .anything: [
            "clientConfig.blockList", "clientConfig.block_list", "seedClientConfig.blockList",
            "seedClientConfig.block_list",
        ],
        .text: ["scheduler.addr"],
        .texts: ["scheduler.addrs"],
    ])
}
