import KubeCore

extension APIServerState {
    /// The object that a write leads to, or why it is refused.
    mutating func prepare(_ write: inout Write) throws(APIError) -> JSONValue {
        let target = write.context.target
        try checkPreconditions(write)
        var object = try shaped(write.new, &write.context)
        if let old = write.old {
            object = merged(object, old.value, write)
        } else {
            object = fresh(object, write)
        }
        object["apiVersion"] = .string(storageVersion(target))
        object["kind"] = .string(target.resource.kind)
        if target.resource.id == APIResource.nodes.id { object = Self.withNodeInfo(object) }
        if target.resource.id == APIResource.daemonSets.id, !write.isStatus {
            object = WorkloadRules.numbered(object, old: write.old?.value)
        }
        if target.resource.id == APIResource.networkPolicies.id { object = PolicyRules.completed(object) }
        object = tracked(object, write)
        var faults = MetadataRules.faults(object, target.resource, old: write.old?.value)
        faults += kindFaults(object, write)
        if target.resource.isCustom, let schema = target.version.schema, schema.hasRules {
            faults += FieldFault.unasked(after: faults) ?? schema.ruleFaults(object, old: write.old?.value)
        }
        guard faults.isEmpty else { throw .invalid(target.resource, write.key.name, faults) }
        if target.resource.id == APIResource.definitions.id, !write.isStatus {
            object = Definition.accepted(object, now: write.context.now.timestamp)
        }
        return object
    }

    /// A Node in whose `nodeInfo` every field is there, be it empty: the real server never leaves one out, and typed
    /// clients refuse a Node without them.
    private static func withNodeInfo(_ node: JSONValue) -> JSONValue {
        guard let info = node.at(["status", "nodeInfo"])?.objectValue else { return node }
        let names = [
            "architecture", "bootID", "containerRuntimeVersion", "kernelVersion", "kubeProxyVersion",
            "kubeletVersion", "machineID", "operatingSystem", "osImage", "systemUUID",
        ]
        var node = node
        for name in names where info[name] == nil { node.put("", at: ["status", "nodeInfo", name]) }
        return node
    }

    private func storageVersion(_ target: APITarget) -> String {
        if target.resource.storage == "events" { return APIResource.events.apiVersion("v1") }
        let version = target.resource.versions.first { $0.isStorage } ?? target.version
        return target.resource.apiVersion(version.name)
    }

    private func checkPreconditions(_ write: Write) throws(APIError) {
        guard let old = write.old?.value else { return }
        let resource = write.context.target.resource
        let uid = write.new.objectUID
        if !uid.isEmpty, uid != old.objectUID {
            let why = "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old.objectUID)"
            throw .conflict(resource, write.key.name, why)
        }
        let version = write.new.at(["metadata", "resourceVersion"])?.stringValue ?? ""
        if !version.isEmpty, version != old.at(["metadata", "resourceVersion"])?.stringValue {
            throw .conflict(resource, write.key.name)
        }
    }

    /// Drops what the schema does not know and fills in what it has defaults for.
    private func shaped(_ object: JSONValue, _ context: inout RequestContext) throws(APIError) -> JSONValue {
        let (metadata, unknownMetadata) = try MetadataRules.decoded(object["metadata"] ?? [:])
        guard let schema = context.target.version.schema else {
            try context.report(unknown: unknownMetadata)
            var object = object
            object["metadata"] = metadata
            return object
        }
        var unknown = unknownMetadata
        let header: Set<String> = ["apiVersion", "kind", "metadata"]
        var shaped = schema.defaulted(schema.pruned(object.without(header), unknown: &unknown))
        try context.report(unknown: unknown)
        for key in header { shaped[key] = key == "metadata" ? metadata : object[key] }
        return shaped
    }

    /// A new object: what the server sets, and no status where that is a matter of its own.
    private mutating func fresh(_ object: JSONValue, _ write: Write) -> JSONValue {
        let target = write.context.target
        let traits = target.resource.traits
        var object = object
        if target.version.hasStatus, !traits.keepsStatusOnCreate { object["status"] = nil }
        for (key, value) in traits.defaults.objectValue ?? [:] where object[key] == nil { object[key] = value }
        var metadata = object["metadata"] ?? [:]
        metadata["uid"] = .string(generator.uuid())
        metadata["creationTimestamp"] = .string(write.context.now.timestamp.description)
        metadata["namespace"] = write.key.namespace.map { .string($0) }
        metadata["generation"] = traits.hasGeneration ? .some(1) : .none
        for key in ["deletionTimestamp", "deletionGracePeriodSeconds", "resourceVersion", "selfLink"] {
            metadata[key] = nil
        }
        if target.resource.id == APIResource.namespaces.id {
            metadata.put(.string(write.key.name), at: ["labels", "kubernetes.io/metadata.name"])
        }
        object["metadata"] = metadata
        return object
    }

    /// A replacement: what may not change is taken from the object before.
    private func merged(_ object: JSONValue, _ old: JSONValue, _ write: Write) -> JSONValue {
        let target = write.context.target
        var object = object
        if write.isStatus {
            let status = object["status"]
            let metadata = object["metadata"]
            object = old
            object["status"] = status
            if target.resource.traits.statusWritesMetadata {
                object["metadata"] = metadata
            } else {
                object.put(metadata?["managedFields"], at: ["metadata", "managedFields"])
            }
        } else if target.version.hasStatus {
            object["status"] = old["status"]
        }
        var metadata = object["metadata"] ?? [:]
        let kept = [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName",
            "generation", "name", "namespace", "resourceVersion", "selfLink",
        ]
        for key in kept { metadata[key] = old["metadata"]?[key] }
        object["metadata"] = metadata
        if target.resource.traits.hasGeneration {
            let ignored: Set<String> = target.version.hasStatus ? ["metadata", "status"] : ["metadata"]
            if object.without(ignored) != old.without(ignored) {
                let generation = old.at(["metadata", "generation"])?.intValue ?? 0
                object.put(.int(generation + 1), at: ["metadata", "generation"])
            }
        }
        return object
    }

    /// What is wrong with an object by the rules of its kind.
    private func kindFaults(_ object: JSONValue, _ write: Write) -> [FieldFault] {
        let target = write.context.target
        var faults = target.version.schema?.faults(object) ?? []
        if target.resource.storage == "events" {
            faults += EventView.faults(object, isCore: target.resource.group.isEmpty)
        }
        let old = write.old?.value
        if target.resource.id == APIResource.daemonSets.id {
            faults += WorkloadRules.daemonSetFaults(object, old: old)
        }
        if target.resource.id == APIResource.statefulSets.id {
            faults += WorkloadRules.statefulSetFaults(object, old: old)
        }
        if target.resource.id == APIResource.configMaps.id {
            faults += WorkloadRules.configMapFaults(object, old: old)
        }
        if target.resource.id == APIResource.networkPolicies.id { faults += PolicyRules.networkFaults(object) }
        if target.resource.id == APIResource.disruptionBudgets.id { faults += PolicyRules.budgetFaults(object) }
        if target.resource.id == APIResource.services.id {
            let others = store.all(target.resource.storage).filter { $0.key != write.key }.map(\.value.value)
            faults += WorkloadRules.serviceFaults(object, old: old, others: others)
        }
        if target.resource.id == APIResource.definitions.id {
            faults += Definition.read(object).faults
            if let old { faults += Definition.changes(object, old) }
        }
        return faults
    }
}
