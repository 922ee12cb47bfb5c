public import KubeCore

/// Writes that no store has shown yet, and when they count as shown.
///
/// Versions are compared as numbers only where both are (`resourceVersion` is opaque by contract, and comparable since
/// Kubernetes 1.35, KEP-5504); otherwise only the very version, another identity or the deadline ends the wait.
public struct PendingWrites: Sendable {
    private enum Expectation: Hashable {
        case version(String)
        case deletion
    }

    private struct Target: Hashable {
        var resource: ResourceType
        var key: ObjectKey
    }

    private struct Write {
        var expectation: Expectation
        var uid: String?
        var deadline: Duration
    }

    /// What is left after a look at a store.
    public struct Outcome: Hashable, Sendable {
        /// Until the last of what is awaited is forgotten; nil where nothing is awaited.
        public var wait: Duration?
        /// What was not seen in time.
        public var forgotten: [ObjectKey]
    }

    private let deadline: Duration
    private var writes: [Target: Write] = [:]

    /// Creates an empty memory in which a write stays for `deadline` at most.
    public init(deadline: Duration) {
        self.deadline = deadline
    }

    /// Adds a write; it takes the place of an earlier one of the same object.
    public mutating func wrote(
        _ resource: ResourceType,
        _ key: ObjectKey,
        uid: String?,
        resourceVersion: String,
        at now: Duration
    ) {
        makeRoom(at: now)
        let target = Target(resource: resource, key: key)
        if case .version(let known)? = writes[target]?.expectation,
            ResourceVersion.isAtLeast(known, resourceVersion) == true
        {
            return
        }
        writes[target] = Write(expectation: .version(resourceVersion), uid: uid, deadline: now + deadline)
    }

    /// Adds a deletion.
    public mutating func deleted(_ resource: ResourceType, _ key: ObjectKey, uid: String?, at now: Duration) {
        makeRoom(at: now)
        writes[Target(resource: resource, key: key)] = Write(expectation: .deletion, uid: uid, deadline: now + deadline)
    }

    /// Drops what the store shows and what is too old.
    public mutating func settle(
        _ resource: ResourceType,
        at now: Duration,
        storeVersion: String?,
        _ object: (ObjectKey) -> ObjectMeta?
    ) -> Outcome {
        var outcome = Outcome(wait: nil, forgotten: [])
        for (target, write) in writes where target.resource == resource {
            if isShown(write, object(target.key), storeVersion) {
                writes[target] = nil
            } else if write.deadline <= now {
                writes[target] = nil
                outcome.forgotten.append(target.key)
            } else {
                outcome.wait = max(outcome.wait ?? .zero, write.deadline - now)
            }
        }
        return outcome
    }

    /// Writes of kinds whose store nobody asks about would stay for ever.
    private mutating func makeRoom(at now: Duration) {
        guard writes.count >= 1024 else { return }
        writes = writes.filter { $0.value.deadline > now }
    }

    private func isShown(_ write: Write, _ object: ObjectMeta?, _ storeVersion: String?) -> Bool {
        switch write.expectation {
        case .deletion:
            guard let object else { return true }
            if let uid = write.uid, object.uid != uid { return true }
            // Accepted, and waiting for a finalizer.
            return object.deletionTimestamp != nil
        case .version(let version):
            // Events of one kind come in the order of their versions: a store beyond ours has seen ours.
            if let storeVersion, ResourceVersion.isAtLeast(storeVersion, version) == true { return true }
            guard let object, let shown = object.resourceVersion else { return false }
            return shown == version || ResourceVersion.isAtLeast(shown, version) == true
        }
    }
}

/// Comparison of versions, where it is possible.
enum ResourceVersion {
    /// Whether `left` is as new as `right`; nil where they are no numbers and so cannot be compared.
    static func isAtLeast(_ left: String, _ right: String) -> Bool? {
        guard let left = UInt64(left), let right = UInt64(right) else { return nil }
        return left >= right
    }
}
