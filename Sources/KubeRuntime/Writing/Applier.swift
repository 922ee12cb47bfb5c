public import KubeCore
public import Logging
import Metrics
import Synchronization

/// What became of an intent.
public enum ApplyOutcome: Hashable, Sendable {
    /// Nothing was sent: the object is as the intent wants it.
    case unchanged
    /// It was sent; the object as the server answered it.
    case applied(JSONValue)
}

/// Server-side apply that sends nothing for an intent that holds already.
///
/// An intent is left unsent only where it equals the last one that this process had accepted for the same object,
/// subresource and manager, *and* the object shown by the store is the version which that apply returned or has every
/// field of the intent with its value. So the first apply after a start is always sent: it takes the ownership of the
/// fields, and changes nothing (nor the object's version) where they are right.
///
/// Lists in an intent are compared as a whole, also those that the server merges by key.
public final class Applier: Sendable {
    private let api: KubeAPI
    private let ownWrites: OwnWrites?
    private let logger: Logger
    private let sent = Mutex<[Target: Sent]>([:])

    private struct Target: Hashable {
        var resource: ResourceType
        var key: ObjectKey
        var subresource: String?
        var manager: String
    }

    private struct Sent {
        var fingerprint: Fingerprint
        var resourceVersion: String?
    }

    /// Stands for an intent of which no copy is kept.
    private struct Fingerprint: Hashable {
        var hash: UInt64
        var length: Int
    }

    /// Creates an applier; accepted writes are reported to `ownWrites`.
    public init(_ api: KubeAPI, ownWrites: OwnWrites?, logger: Logger) {
        self.api = api
        self.ownWrites = ownWrites
        self.logger = logger
    }

    /// Makes the fields of `intent` so, if they are not.
    ///
    /// - Parameters:
    ///   - intent: the whole of what `manager` wants of the object, with `apiVersion`, `kind` and `metadata.name`. A
    ///     `metadata.resourceVersion` is sent as precondition and is no part of the comparison.
    ///   - force: whether fields that another manager owns are taken over; else they lead to a conflict (409).
    ///   - current: the object as the store shows it; nil where it shows none, and then the intent is always sent.
    /// - Throws: `KubeError` as `KubeAPI` does; after `outcomeUnknown` the next call sends again.
    public func apply(
        _ intent: JSONValue,
        resource: ResourceType,
        key: ObjectKey,
        subresource: String? = nil,
        manager: String,
        force: Bool = true,
        current: JSONValue?
    ) async throws(KubeError) -> ApplyOutcome {
        let target = Target(resource: resource, key: key, subresource: subresource, manager: manager)
        let wanted = intent.withoutResourceVersion
        let bytes = try JSONCoding.encode(wanted)
        let fingerprint = Fingerprint(hash: StableHash.fnv1a64(bytes), length: bytes.count)
        if let current, let last = sent.withLock({ $0[target] }), last.fingerprint == fingerprint {
            let version = current[path: "metadata", "resourceVersion"]?.stringValue
            let isAsWeLeftIt = version != nil && version == last.resourceVersion
            if isAsWeLeftIt || wanted.withoutType.isSatisfied(by: current) {
                count("kube_runtime_noop_writes_avoided_total", resource)
                return .unchanged
            }
        }
        // Forgotten before it is sent: what fails or stays unanswered is sent again.
        sent.withLock { $0[target] = nil }
        let request = try KubeRequest.patch(
            resource,
            key,
            subresource: subresource,
            .apply(intent, manager: manager, force: force)
        )
        let stored: JSONValue = try await api.send(request)
        remember(stored, target, fingerprint)
        count("kube_runtime_applies_total", resource)
        return .applied(stored)
    }

    /// Makes the fields of `intent` so on an object that a store shows, if they are not.
    ///
    /// - Parameters:
    ///   - intent: what `manager` wants of the object; type and name are added.
    ///   - force: whether fields that another manager owns are taken over; else they lead to a conflict (409).
    /// - Throws: `KubeError` as `KubeAPI` does.
    @discardableResult
    public func apply<Object: KubeObject>(
        _ intent: JSONValue,
        to object: Object,
        subresource: String? = nil,
        manager: String,
        force: Bool = true
    ) async throws(KubeError) -> ApplyOutcome {
        var intent = intent
        var metadata = intent["metadata"] ?? [:]
        metadata["name"] = .string(object.metadata.name)
        if let namespace = object.metadata.namespace { metadata["namespace"] = .string(namespace) }
        intent["metadata"] = metadata
        intent["apiVersion"] = .string(Object.resource.apiVersion)
        intent["kind"] = .string(Object.resource.kind)
        return try await apply(
            intent,
            resource: Object.resource,
            key: object.key,
            subresource: subresource,
            manager: manager,
            force: force,
            current: JSONCoding.value(of: object)
        )
    }

    /// Drops what is remembered of an object, when it is gone.
    public func forget(_ resource: ResourceType, _ key: ObjectKey) {
        sent.withLock { sent in sent = sent.filter { $0.key.resource != resource || $0.key.key != key } }
    }

    private func remember(_ stored: JSONValue, _ target: Target, _ fingerprint: Fingerprint) {
        let version = stored[path: "metadata", "resourceVersion"]?.stringValue
        sent.withLock { $0[target] = Sent(fingerprint: fingerprint, resourceVersion: version) }
        ownWrites?.wrote(
            target.resource,
            ObjectMeta(
                name: target.key.name,
                namespace: target.key.namespace,
                uid: stored[path: "metadata", "uid"]?.stringValue,
                resourceVersion: version
            )
        )
        logger.debug(
            "Applied",
            metadata: [
                "resource": "\(target.resource.plural)", "key": "\(target.key)", "manager": "\(target.manager)",
                "subresource": "\(target.subresource ?? "")",
            ]
        )
    }

    private func count(_ label: String, _ resource: ResourceType) {
        Counter(label: label, dimensions: [("resource", resource.plural)]).increment()
    }
}
