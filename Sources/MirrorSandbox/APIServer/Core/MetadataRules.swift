import KubeCore

/// What the server knows of `metadata`: which fields there are and what may be in them.
enum MetadataRules {
    private static let text: JSONValue = ["type": "string"]
    private static let number: JSONValue = ["type": "integer", "format": "int64"]
    private static let time: JSONValue = ["type": "string", "format": "date-time"]
    private static let flag: JSONValue = ["type": "boolean"]
    private static let map: JSONValue = ["type": "object", "additionalProperties": text]

    private static func objects(_ fields: JSONValue, required: [String] = []) -> JSONValue {
        var item: JSONValue = ["type": "object", "properties": fields]
        if !required.isEmpty { item["required"] = .strings(required) }
        return ["type": "array", "items": item]
    }

    /// The fields that there are, with their schemas.
    static let fields: [String: JSONValue] = [
        "name": text, "generateName": text, "namespace": text, "selfLink": text, "uid": text, "resourceVersion": text,
        "generation": number, "creationTimestamp": time, "deletionTimestamp": time,
        "deletionGracePeriodSeconds": number, "labels": map, "annotations": map,
        "finalizers": ["type": "array", "items": text],
        "ownerReferences": objects(
            [
                "apiVersion": text, "kind": text, "name": text, "uid": text, "controller": flag,
                "blockOwnerDeletion": flag,
            ],
            required: ["apiVersion", "kind", "name", "uid"]
        ),
        "managedFields": objects([
            "manager": text, "operation": text, "apiVersion": text, "time": time, "fieldsType": text,
            "fieldsV1": ["type": "object"], "subresource": text,
        ]),
    ]

    /// Metadata without the fields that do not exist and without empty maps and lists; these fields' names beside it.
    static func decoded(_ metadata: JSONValue) throws(APIError) -> (JSONValue, unknown: [String]) {
        guard let members = metadata.objectValue else { throw malformed("metadata", "ObjectMeta") }
        var kept: [String: JSONValue] = [:]
        var unknown: [String] = []
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard fields[name] != nil else {
                unknown.append("metadata.\(name)")
                continue
            }
            switch name {
            case _ where value == .null: continue
            case "labels", "annotations":
                guard let map = value.objectValue, map.values.allSatisfy({ $0.stringValue != nil }) else {
                    throw malformed(name, "map[string]string")
                }
                if map.isEmpty { continue }
            case "ownerReferences", "finalizers", "managedFields":
                guard let list = value.arrayValue else { throw malformed(name, "array") }
                if list.isEmpty { continue }
            case "generation", "deletionGracePeriodSeconds":
                guard value.intValue != nil else { throw malformed(name, "int64") }
            default:
                guard value.stringValue != nil else { throw malformed(name, "string") }
            }
            kept[name] = value
        }
        return (.object(kept), unknown)
    }

    private static func malformed(_ field: String, _ type: String) -> APIError {
        let place = field == "metadata" ? field : "metadata.\(field)"
        return .badRequest("json: cannot unmarshal value into Go struct field ObjectMeta.\(place) of type \(type)")
    }

    private static let standardFinalizers: Set<String> = ["kubernetes", "orphan", "foregroundDeletion"]

    /// What is wrong with an object's metadata.
    static func faults(_ object: JSONValue, _ resource: APIResource, old: JSONValue?) -> [FieldFault] {
        var faults: [FieldFault] = []
        if old == nil, !isSubdomain(object.objectName) {
            faults.append(.invalid("metadata.name", .string(object.objectName), subdomain))
        }
        for (key, value) in object.stringMap(["metadata", "labels"]).sorted(by: { $0.key < $1.key }) {
            if !isQualifiedName(key) { faults.append(.invalid("metadata.labels", .string(key), qualified)) }
            if !isLabelValue(value) { faults.append(.invalid("metadata.labels", .string(value), label)) }
        }
        for key in object.stringMap(["metadata", "annotations"]).keys.sorted()
        where !isQualifiedName(key.lowercased()) {
            faults.append(.invalid("metadata.annotations", .string(key), qualified))
        }
        for (index, owner) in (object.at(["metadata", "ownerReferences"])?.arrayValue ?? []).enumerated() {
            for field in ["apiVersion", "kind", "name", "uid"] where owner[field]?.stringValue ?? "" == "" {
                faults.append(.required("metadata.ownerReferences[\(index)].\(field)", "must not be empty"))
            }
        }
        for finalizer in object.finalizers
        where resource.isCustom && !finalizer.contains("/") && !standardFinalizers.contains(finalizer) {
            faults.append(
                .invalid(
                    "metadata.finalizers",
                    .string(finalizer),
                    "name is neither a standard finalizer name nor is "
                        + "it fully qualified"
                )
            )
        }
        if let old, old.at(["metadata", "deletionTimestamp"]) != nil {
            let added = object.finalizers.filter { !old.finalizers.contains($0) }
            if !added.isEmpty {
                let why = "no new finalizers can be added if the object is being deleted"
                faults.append(.forbidden("metadata.finalizers", why))
            }
        }
        return faults
    }

    private static let subdomain =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + #"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
    private static let qualified =
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    private static let label =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        + "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

    private static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                isWord(part, extra: "-") && part.allSatisfy { !$0.isUppercase }
            }
    }

    private static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, parts.count <= 2, name.count <= 63, isWord(name, extra: "-_.") else {
            return false
        }
        return parts.count == 1 || isSubdomain(String(parts[0]))
    }

    private static func isLabelValue(_ text: String) -> Bool {
        text.isEmpty || (text.utf8.count <= 63 && isWord(Substring(text), extra: "-_."))
    }

    /// Letters, digits and `extra`, with a letter or a digit at both ends.
    private static func isWord(_ text: Substring, extra: String) -> Bool {
        func isPlain(_ character: Character) -> Bool {
            character.isASCII && (character.isLetter || character.isNumber)
        }
        guard let first = text.first, let last = text.last, isPlain(first), isPlain(last) else { return false }
        return text.allSatisfy { isPlain($0) || extra.contains($0) }
    }
}
