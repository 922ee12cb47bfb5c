package import KubeCore
package import KubeRuntime
package import MirrorAPI
import Synchronization

/// Writes the status of a mirror, and only when it changed.
package struct StatusWriter: Sendable {
    private let api: KubeAPI
    private let ownWrites: OwnWrites
    private let written = Written()

    /// What was sent last for each mirror, with the version that it rested on and the one that came of it: a server
    /// whose schema is older drops fields, and must not be written to again and again for that.
    private struct Write {
        var status: P2PMirrorStatus
        var resourceVersions: [String?]
        var keepsSet: Bool
        /// The mirror as it was answered.
        var stored: ObservedMirror
    }

    private final class Written: Sendable {
        let last = Mutex<[ObjectKey: Write]>([:])
    }

    package init(_ api: KubeAPI, _ ownWrites: OwnWrites) {
        self.api = api
        self.ownWrites = ownWrites
    }

    /// Makes the status of `mirror` what `wanted` says; false where it was so already. See `send`.
    @discardableResult
    package func write(
        _ wanted: P2PMirrorStatus,
        to mirror: ObservedMirror,
        now: Timestamp
    ) async throws(KubeError) -> Bool {
        try await send(wanted, to: mirror, now: now).isSent
    }

    /// Makes the status of `mirror` what `wanted` says, and gives the mirror as it is then.
    ///
    /// It is a merge patch of the whole status: every field of it is ours alone, and an older status that comes late
    /// (from a leader that is none any more) is put right by the next pass. Only the root, the rollout and what is
    /// remembered of the candidate set are decided on: a change of them rests on the version that was seen. Server-side
    /// apply is no choice here: servers of 1.20 leave `null` behind for an object that is no longer applied, and then
    /// refuse it.
    ///
    /// - Throws: `KubeError` as `KubeAPI` does; a conflict where any of these changes and the mirror is not as it was
    ///   seen.
    func send(
        _ wanted: P2PMirrorStatus,
        to mirror: ObservedMirror,
        now: Timestamp
    ) async throws(KubeError) -> (mirror: ObservedMirror, isSent: Bool) {
        guard Self.differs(wanted, from: mirror.status) else { return (mirror, false) }
        if let stored = lastWrite(of: wanted, to: mirror) { return (stored, false) }
        var status = wanted
        status.conditions = wanted.conditions.carryingTransitionTimes(
            from: mirror.status?.conditions ?? [],
            now: now
        )
        let present = try mirror.status.map { status throws(KubeError) in try JSONCoding.value(of: status) }
        let patch = try JSONCoding.value(of: status).mergePatch(replacing: present)
        var change: [String: JSONValue] = ["status": patch]
        let isRecordChanged =
            wanted.topology?.root != mirror.status?.topology?.root
            || wanted.topology?.rootUID != mirror.status?.topology?.rootUID
            || wanted.rollout != mirror.status?.rollout || wanted.storm != mirror.status?.storm
            || wanted.candidates != mirror.status?.candidates || wanted.evictions != mirror.status?.evictions
            || wanted.seeds != mirror.status?.seeds
        if isRecordChanged, let version = mirror.metadata.resourceVersion, !version.isEmpty {
            change["metadata"] = ["resourceVersion": .string(version)]
        }
        let stored = try await api.patch(
            ObservedMirror.self,
            mirror.key,
            subresource: "status",
            .merge(.object(change)),
            manager: FieldManager.status
        )
        ownWrites.wrote(stored)
        let versions = [mirror.metadata.resourceVersion, stored.metadata.resourceVersion]
        let keepsSet = wanted.candidates == nil || stored.status?.candidates != nil
        let last = Write(
            status: Self.withoutTransitionTimes(wanted),
            resourceVersions: versions,
            keepsSet: keepsSet,
            stored: stored
        )
        written.last.withLock { $0[mirror.key] = last }
        return (stored, true)
    }

    /// Whether the server keeps what is remembered of the mirror's candidate set, as the last write showed; with
    /// definitions of an older release it does not.
    func keepsSet(of mirror: ObjectKey) -> Bool { written.last.withLock { $0[mirror]?.keepsSet } ?? true }

    /// Forgets what was sent, so that it is sent again: the definitions may have changed meanwhile.
    func forget(_ mirror: ObjectKey) { written.last.withLock { $0[mirror] = nil } }

    /// The mirror as the last write left it, where that said the same; nil where it did not.
    private func lastWrite(of wanted: P2PMirrorStatus, to mirror: ObservedMirror) -> ObservedMirror? {
        guard let last = written.last.withLock({ $0[mirror.key] }),
            last.resourceVersions.contains(mirror.metadata.resourceVersion),
            last.status == Self.withoutTransitionTimes(wanted)
        else { return nil }
        return last.stored
    }

    /// Whether two statuses say different things; when conditions changed is a consequence and says nothing by itself.
    static func differs(_ wanted: P2PMirrorStatus, from present: P2PMirrorStatus?) -> Bool {
        guard let present else { return true }
        return withoutTransitionTimes(wanted) != withoutTransitionTimes(present)
    }

    private static func withoutTransitionTimes(_ status: P2PMirrorStatus) -> P2PMirrorStatus {
        var status = status
        status.conditions = status.conditions.map { condition in
            var condition = condition
            condition.lastTransitionTime = nil
            return condition
        }
        return status
    }
}
