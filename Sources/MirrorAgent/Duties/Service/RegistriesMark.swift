package import KubeCore

/// Which `registries.yaml` a run of the service was started with: it reads the file at its start, shows it nowhere, and
/// a restart would put in force what somebody has changed since.
package struct RegistriesMark: Codable, Hashable, Sendable {
    /// The run, as the service manager names it.
    package var invocation: String
    package var fingerprint: String

    package init(invocation: String, content: [UInt8]?) {
        self.invocation = invocation
        fingerprint = content.map { StableHash.short(String(decoding: $0, as: UTF8.self)) } ?? "absent"
    }

    /// What the present run was started with, as far as that can be known: as it was recorded, or as the file is now if
    /// it has not been touched since that start. Nil where it was touched and nobody looked before, and where the time
    /// of the start is not known.
    ///
    /// The time of the last change of the file's inode counts, which can't be set back as that of its content can. A
    /// change of mode or label counts too, until the next start: a file that is called pending and is not costs a look,
    /// one that is not and is costs a restart that puts half of somebody's work in force.
    package static func ofPresentRun(
        known: [RegistriesMark?],
        invocation: String,
        content: [UInt8]?,
        changedAt: Timestamp?,
        startedAt: Timestamp?
    ) -> RegistriesMark? {
        if let mark = known.lazy.compactMap({ $0 }).first(where: { $0.invocation == invocation }) { return mark }
        guard let startedAt, !invocation.isEmpty else { return nil }
        if let changedAt, changedAt > startedAt { return nil }
        return RegistriesMark(invocation: invocation, content: content)
    }
}
