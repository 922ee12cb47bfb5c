import KubeCore

/// How an answer is written: as the object itself, as a table, or as its metadata alone.
enum ResponseFormat: Sendable, Hashable {
    case plain
    case table(includesObject: IncludedObject)
    case metadata
    case metadataList

    /// How much of an object a table's row carries.
    enum IncludedObject: String, Sendable { case none = "None", metadata = "Metadata", object = "Object" }

    /// The first of the media types asked for that this server can write.
    init(_ request: KubeRequest) throws(APIError) {
        let wanted = request.accept.split(separator: ",").map(MediaType.init)
        for type in wanted.isEmpty ? [MediaType("*/*")] : wanted {
            guard ["application/json", "application/*", "*/*"].contains(type.name) else { continue }
            switch type.parameters["as"] {
            case nil:
                self = .plain
                return
            case "Table"? where type.parameters["v"] == "v1":
                let include = request.query("includeObject").flatMap(IncludedObject.init) ?? .metadata
                self = .table(includesObject: include)
                return
            case "PartialObjectMetadata"? where type.parameters["v"] == "v1":
                self = .metadata
                return
            case "PartialObjectMetadataList"? where type.parameters["v"] == "v1":
                self = .metadataList
                return
            default: continue
            }
        }
        throw .notAcceptable("application/json")
    }

    var contentType: String {
        switch self {
        case .plain: "application/json"
        case .table: "application/json;as=Table;v=v1;g=meta.k8s.io"
        case .metadata, .metadataList: "application/json"
        }
    }

    func response(_ value: JSONValue, status: Int) -> KubeResponse {
        KubeResponse(status: status, headers: ["content-type": contentType], body: value.bytes)
    }

    /// An answer that is one object.
    func object(_ object: JSONValue, _ target: APITarget, status: Int, now: MicroTimestamp) -> KubeResponse {
        response(shaped(object, target, isFirst: true, now: now), status: status)
    }

    func list(
        _ items: [JSONValue],
        _ metadata: JSONValue,
        _ target: APITarget,
        now: MicroTimestamp
    ) -> KubeResponse {
        switch self {
        case .plain:
            let value: JSONValue = [
                "apiVersion": .string(target.apiVersion), "kind": .string(target.resource.listKind),
                "metadata": metadata, "items": .array(items),
            ]
            return response(value, status: 200)
        case .table(let included):
            let table = Table(target, included).value(items, metadata, hasColumns: true, now: now)
            return response(table, status: 200)
        case .metadata, .metadataList:
            // A server of Kubernetes builds this list by appending, and Go writes the nil slice of an empty one so.
            let value: JSONValue = [
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": metadata,
                "items": items.isEmpty ? .null : .array(items.map(Self.partial)),
            ]
            return response(value, status: 200)
        }
    }

    /// One line of a watch.
    func event(
        _ type: String,
        _ object: JSONValue,
        _ target: APITarget,
        isFirst: Bool,
        now: MicroTimestamp
    ) -> [UInt8] {
        line(type, shaped(object, target, isFirst: isFirst, now: now))
    }

    func line(_ type: String, _ object: JSONValue) -> [UInt8] {
        let event: JSONValue = ["type": .string(type), "object": object]
        return event.bytes + [0x0A]
    }

    func bookmark(_ object: JSONValue) -> JSONValue {
        switch self {
        case .plain: return object
        case .metadata, .metadataList: return Self.partial(object)
        case .table:
            return [
                "apiVersion": "meta.k8s.io/v1", "kind": "Table", "columnDefinitions": .null, "rows": [],
                "metadata": object["metadata"] ?? [:],
            ]
        }
    }

    private func shaped(
        _ object: JSONValue,
        _ target: APITarget,
        isFirst: Bool,
        now: MicroTimestamp
    ) -> JSONValue {
        switch self {
        case .plain: return object
        case .table(let included):
            let version: JSONValue = ["resourceVersion": object.at(["metadata", "resourceVersion"]) ?? ""]
            return Table(target, included).value([object], version, hasColumns: isFirst, now: now)
        case .metadata, .metadataList: return Self.partial(object)
        }
    }

    static func partial(_ object: JSONValue) -> JSONValue {
        [
            "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"] ?? [:],
        ]
    }
}

/// A media type with its parameters.
struct MediaType: Sendable, Hashable {
    var name: String
    var parameters: [String: String] = [:]

    init(_ text: some StringProtocol) {
        let parts = text.split(separator: ";").map { String($0).trimmed }
        name = parts.first?.lowercased() ?? ""
        for part in parts.dropFirst() {
            guard let (key, value) = part.cut(at: "=") else { continue }
            parameters[key] = value
        }
    }
}
