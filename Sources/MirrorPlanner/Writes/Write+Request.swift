package import KubeCore
import MirrorAPI

extension Write {
    /// The request that carries it out. Of a status it has all; whoever knows what stands there may leave that out.
    ///
    /// - Parameters:
    ///   - now: for the times of a Lease.
    ///   - namespace: that of the operator's Leases.
    /// - Throws: `KubeError` with code `encoding` where it lacks the version that it rests on.
    package func request(at now: MicroTimestamp, leaseNamespace namespace: String) throws(KubeError) -> KubeRequest {
        let (resource, key, subresource) = (target.resource, target.key, target.subresource)
        switch body {
        case .apply:
            let intent = try intent()
            let patch = Patch.apply(intent, manager: manager ?? "", force: true)
            return try .patch(resource, key, subresource: subresource, patch)
        case .create(let content):
            let object = try content.value(at: now, leaseNamespace: namespace)
            let place = object[path: "metadata", "namespace"]?.stringValue
            return try .create(resource, namespace: place, object, manager: manager)
        case .replace(let content):
            _ = try version()
            let object = try content.value(at: now, leaseNamespace: namespace)
            return try .replace(resource, key, subresource: subresource, object, manager: manager)
        case .merge(let content):
            let change = try resting(try content.value(at: now, leaseNamespace: namespace))
            return try .patch(resource, key, subresource: subresource, .merge(change), manager: manager)
        case .json(let operations):
            let test = try version().map { [JSONPatchOperation.test(path: "/metadata/resourceVersion", value: $0)] }
            let patch = Patch.json((test ?? []) + operations)
            return try .patch(resource, key, subresource: subresource, patch, manager: manager)
        case .delete:
            return try .delete(resource, key, preconditions: uid.map { DeletePreconditions(uid: $0) })
        case .call:
            throw KubeError(.encoding, "\(target.title): a call to a daemon is no request to the API server")
        case .status(let status):
            let change = try resting(["status": try JSONCoding.value(of: status)])
            return try .patch(resource, key, subresource: subresource, .merge(change), manager: manager)
        }
    }

    /// What is applied, for a body that is.
    ///
    /// - Throws: `KubeError` with code `encoding`.
    package func intent() throws(KubeError) -> JSONValue {
        guard case .apply(let content) = body else {
            throw KubeError(.encoding, "\(target.title): it is not applied")
        }
        // No such content has a time in it, or a namespace to be filled in.
        return try resting(try content.value(at: MicroTimestamp(microseconds: 0), leaseNamespace: ""))
    }

    /// The UID that the target must have; nil where any is meant.
    package var uid: String? {
        guard case .uid(let uid) = precondition else { return nil }
        return uid
    }

    /// With the version that it rests on.
    private func resting(_ value: JSONValue) throws(KubeError) -> JSONValue {
        guard let version = try version() else { return value }
        var (value, metadata) = (value, value["metadata"] ?? [:])
        metadata["resourceVersion"] = version
        value["metadata"] = metadata
        return value
    }

    /// Nil where it rests on none.
    private func version() throws(KubeError) -> JSONValue? {
        guard case .version(let version) = precondition else { return nil }
        guard let version, !version.isEmpty else {
            throw KubeError(.encoding, "\(target.title): a change needs the resourceVersion that it rests on")
        }
        return .string(version)
    }
}

extension Write.Content {
    /// As JSON.
    fileprivate func value(at now: MicroTimestamp, leaseNamespace: String) throws(KubeError) -> JSONValue {
        switch self {
        case .value(let value): return value
        case .mirrorNode(let intent): return try intent.object.wireValue()
        case .approval(let approval):
            guard let approval else { return ["spec": ["approval": .null]] }
            return ["spec": ["approval": try JSONCoding.value(of: approval)]]
        case .candidate(let record, let present):
            let present = try present.map { present throws(KubeError) in try JSONCoding.value(of: present) }
            let wanted = try record.map { record throws(KubeError) in try JSONCoding.value(of: record) }
            return ["status": ["candidate": wanted?.mergePatch(replacing: present) ?? .null]]
        case .heldLease(let holder, let lease):
            let key = ObjectKey(namespace: leaseNamespace, name: DisruptionLease.name)
            return try DisruptionLeaseChange.acquired(by: holder, from: lease, key: key, now: now).wireValue()
        case .freeLease(let lease): return try DisruptionLeaseChange.released(lease, now: now).wireValue()
        }
    }
}

extension MirrorNodeIntent {
    /// The MirrorNode as it is applied.
    fileprivate var object: MirrorNode {
        MirrorNode(metadata: ObjectMeta(name: name, labels: labels, ownerReferences: [owner]), spec: spec)
    }
}
