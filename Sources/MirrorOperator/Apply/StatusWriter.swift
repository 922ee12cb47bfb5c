package import KubeCore
package import KubeRuntime
package import MirrorAPI

/// Writes the status of a mirror, and only when it changed.
package struct StatusWriter: Sendable {
    private let applier: Applier

    package init(_ applier: Applier) {
        self.applier = applier
    }

    /// Makes the status of `mirror` what `wanted` says; false where it was so already.
    ///
    /// It is applied with force and without a version: every field of it is ours alone, and an older status that comes
    /// late (from a leader that is none any more) is put right by the next pass.
    ///
    /// - Throws: `KubeError` as `KubeAPI` does.
    @discardableResult
    package func write(
        _ wanted: P2PMirrorStatus,
        to mirror: ObservedMirror,
        now: Timestamp
    ) async throws(KubeError) -> Bool {
        guard Self.differs(wanted, from: mirror.status) else { return false }
        var status = wanted
        status.conditions = wanted.conditions.carryingTransitionTimes(
            from: mirror.status?.conditions ?? [],
            now: now
        )
        let intent: JSONValue = [
            "apiVersion": .string(P2PMirror.resource.apiVersion),
            "kind": .string(P2PMirror.resource.kind),
            "metadata": ["name": .string(mirror.metadata.name)],
            "status": try JSONCoding.value(of: status),
        ]
        let outcome = try await applier.apply(
            intent,
            resource: P2PMirror.resource,
            key: mirror.key,
            subresource: "status",
            manager: FieldManager.status,
            force: true,
            current: try mirror.wireValue()
        )
        return outcome != .unchanged
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
