package import KubeCore

/// An object of the cluster that we make, or compare with what we would make.
package struct ManagedObject: Codable, Hashable, Sendable {
    package var resource: ResourceType
    /// The whole object, with `apiVersion` and `kind`.
    package var body: JSONValue

    package init(_ resource: ResourceType, _ body: JSONValue) {
        self.resource = resource
        self.body = body
    }

    package init<Kind>(_ object: RawObject<Kind>) {
        self.init(Kind.resource, object.body)
    }

    package var metadata: ObjectMeta {
        (try? JSONCoding.decode(ObjectMeta.self, from: body["metadata"] ?? [:])) ?? ObjectMeta(name: "")
    }
    package var key: ObjectKey {
        let metadata = body["metadata"]
        return ObjectKey(namespace: metadata?["namespace"]?.stringValue, name: metadata?["name"]?.stringValue ?? "")
    }
    /// As in "DaemonSet p2pmirror-system/embedded-spegel".
    package var title: String { "\(resource.kind) \(key)" }

    /// Annotation that stands for the intent that was applied last. What an intent names no more can't be seen in the
    /// object, where a foreign field looks the same.
    package static let intentAnnotation = "p2pmirror.io/intent"

    /// Whether `present` has all that this one asks for, and it is the intent that was applied last.
    package func isInForce(in present: ManagedObject) -> Bool {
        resource == present.resource && Self.covers(body, present.body)
    }

    /// The version that it was read in; nil for one that was not read.
    var resourceVersion: String? { body[path: "metadata", "resourceVersion"]?.stringValue }

    /// With the annotation that stands for all the rest of it.
    func sealed() -> ManagedObject {
        var copy = self
        let bytes = (try? JSONCoding.encode(body)) ?? []
        var metadata = body["metadata"] ?? [:]
        var annotations = metadata["annotations"] ?? [:]
        annotations[Self.intentAnnotation] = .string(StableHash.short(String(decoding: bytes, as: UTF8.self)))
        metadata["annotations"] = annotations
        copy.body["metadata"] = metadata
        return copy
    }

    /// Whether `present` has everything that `wanted` names. Elements of lists that Kubernetes merges by a key are
    /// found by it, and others may stand beside them; any other list must be of the same length.
    static func covers(_ wanted: JSONValue, _ present: JSONValue?) -> Bool {
        switch (wanted, present) {
        case (.object(let wanted), .object(let present)):
            return wanted.allSatisfy { covers($0.value, present[$0.key]) }
        case (.object(let wanted), nil), (.object(let wanted), .null):
            return wanted.isEmpty
        case (.array(let wanted), .array(let present)):
            if let key = mergeKey(of: wanted) {
                return wanted.allSatisfy { element in
                    present.contains { other in key.allSatisfy { element[$0] == other[$0] } && covers(element, other) }
                }
            }
            return wanted.count == present.count && zip(wanted, present).allSatisfy { covers($0, $1) }
        case (.array(let wanted), nil), (.array(let wanted), .null):
            return wanted.isEmpty
        default:
            return wanted == present
        }
    }

    /// The members by which all elements of a list are told apart (kubernetes
    /// `staging/src/k8s.io/api/core/v1/types.go`, `patchMergeKey`); nil where the list is one value.
    private static func mergeKey(of list: [JSONValue]) -> [String]? {
        guard !list.isEmpty else { return nil }
        for key in [["containerPort", "protocol"], ["port", "protocol"], ["mountPath"], ["uid"], ["name"]]
        where list.allSatisfy({ element in key.allSatisfy { element[$0] != nil } }) {
            return key
        }
        return nil
    }
}

extension JSONValue {
    static func strings(_ values: [String: String]) -> JSONValue { .object(values.mapValues { .string($0) }) }
}
