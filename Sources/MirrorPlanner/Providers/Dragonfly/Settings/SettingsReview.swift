/// All that is known of a release's settings, and what is wrong with them.
package struct SettingsReview: Hashable, Sendable {
    /// What was measured of a seed's volume.
    package struct Storage: Hashable, Sendable {
        package var volumeBytes: Double
        /// Of the whole file system, as the daemon announces it.
        package var usedPercent: Double?
        /// What the cache itself holds.
        package var contentBytes: Double?
        /// What arrived lately, in bytes a second.
        package var ingestBytesPerSecond: Double?

        package init(
            volumeBytes: Double,
            usedPercent: Double? = nil,
            contentBytes: Double? = nil,
            ingestBytesPerSecond: Double? = nil
        ) {
            (self.volumeBytes, self.usedPercent) = (volumeBytes, usedPercent)
            (self.contentBytes, self.ingestBytesPerSecond) = (contentBytes, ingestBytesPerSecond)
        }
    }

    package var scheduler: SettingsDocument? {
        didSet { schedulerFile = scheduler.map { DragonflySettings.SchedulerFile($0) } }
    }
    package var seed: SettingsDocument? {
        didSet { seedFile = seed.map { DragonflySettings.DaemonFile($0) } }
    }
    package var client: SettingsDocument? {
        didSet { clientFile = client.map { DragonflySettings.DaemonFile($0) } }
    }
    package var schedulerDynconfig: SettingsDocument? {
        didSet { limits = schedulerDynconfig.map { DragonflySettings.SchedulerDynconfig($0) } }
    }
    package var seedDynconfig: SettingsDocument?
    package var clientDynconfig: SettingsDocument?
    package var serverVersion: DragonflyVersion?
    package var clientVersion: DragonflyVersion?
    /// `health.disk.evictAtPercent` of the mirror.
    package var evictAtPercent: Int?
    /// Daemons of the cluster, seeds among them.
    package var peers: Int?
    package var storage: Storage?
    /// Whether seeds answer that they are overloaded (code 8).
    package var isOverloaded = false

    /// The documents as typed values: many relations ask for them.
    package private(set) var schedulerFile: DragonflySettings.SchedulerFile?
    package private(set) var seedFile: DragonflySettings.DaemonFile?
    package private(set) var clientFile: DragonflySettings.DaemonFile?
    package private(set) var limits: DragonflySettings.SchedulerDynconfig?

    package init() {}

    /// Worst first, then by owner and key; equal reviews give equal lists.
    package var findings: [SettingFinding] {
        let single = documents.flatMap { owner, document in check(document, owner) }
        let together = SettingRelation.allCases.flatMap { $0.findings(in: self) }
        return (single + together).sorted { left, right in
            if left.severity != right.severity { return left.severity > right.severity }
            if left.owner != right.owner { return left.owner < right.owner }
            return (left.path, left.message) < (right.path, right.message)
        }
    }

    /// The files that there are, with their owners.
    var documents: [(SettingsOwner, SettingsDocument)] {
        let all: [(SettingsOwner, SettingsDocument?)] = [
            (.scheduler, scheduler), (.scheduler, schedulerDynconfig), (.seed, seed), (.seed, seedDynconfig),
            (.client, client), (.client, clientDynconfig),
        ]
        return all.compactMap { owner, document in document.map { (owner, $0) } }
    }

    /// Seeds and clients, with what their file says.
    var daemons: [(owner: SettingsOwner, file: DragonflySettings.DaemonFile)] {
        [(SettingsOwner.seed, seedFile), (.client, clientFile)].compactMap { owner, file in file.map { (owner, $0) } }
    }

    private func check(_ document: SettingsDocument, _ owner: SettingsOwner) -> [SettingFinding] {
        let version = owner == .scheduler ? serverVersion : clientVersion
        let rules = SettingRule.byFile[document.file] ?? []
        return SettingKeyCheck(document: document, owner: owner, version: version).findings
            + rules.filter { isUsed($0, in: document) }.compactMap { $0.finding(in: document, of: owner) }
    }

    /// Nobody looks at what is said of a manager where there is none, nor at a name beside a list of addresses.
    private func isUsed(_ rule: SettingRule, in document: SettingsDocument) -> Bool {
        if rule.file == .scheduler, rule.path.hasPrefix("manager.") { return document.string("manager.addr") != nil }
        if rule.file == .daemonDynconfig, rule.path == "scheduler.addr" {
            return document.strings("scheduler.addrs")?.isEmpty ?? true
        }
        return true
    }
}
