import KubeCore

/// Who owns which fields of an object.
struct ManagedFields: Sendable, Hashable {
    /// One owner.
    struct Owner: Hashable, Sendable, Comparable {
        var manager: String
        var isApply: Bool
        var apiVersion: String
        var subresource: String

        static func < (left: Owner, right: Owner) -> Bool {
            (left.isApply ? 0 : 1, left.manager, left.subresource, left.apiVersion)
                < (right.isApply ? 0 : 1, right.manager, right.subresource, right.apiVersion)
        }
    }

    /// What an owner owns, and since when in this shape.
    struct Entry: Hashable, Sendable {
        var fields: FieldSet
        var time: String?
    }

    var entries: [Owner: Entry] = [:]

    init() {}

    /// Reads `metadata.managedFields`.
    init(_ object: JSONValue) {
        for entry in object.at(["metadata", "managedFields"])?.arrayValue ?? [] {
            let owner = Owner(
                manager: entry["manager"]?.stringValue ?? "",
                isApply: entry["operation"]?.stringValue == "Apply",
                apiVersion: entry["apiVersion"]?.stringValue ?? "",
                subresource: entry["subresource"]?.stringValue ?? ""
            )
            let fields = FieldSet(fields: entry["fieldsV1"] ?? [:])
            entries[owner] = Entry(fields: fields, time: entry["time"]?.stringValue)
        }
    }

    /// `metadata.managedFields`; nil where nobody owns anything.
    var value: JSONValue? {
        let sorted = entries.filter { !$0.value.fields.isEmpty }.sorted { left, right in
            // Appliers first, then by time, as the real server writes them.
            (left.key.isApply ? 0 : 1, left.value.time ?? "", left.key)
                < (right.key.isApply ? 0 : 1, right.value.time ?? "", right.key)
        }
        guard !sorted.isEmpty else { return nil }
        return .array(
            sorted.map { owner, entry in
                var value: JSONValue = [
                    "manager": .string(owner.manager), "operation": .string(owner.isApply ? "Apply" : "Update"),
                    "apiVersion": .string(owner.apiVersion), "fieldsType": "FieldsV1",
                    "fieldsV1": entry.fields.value,
                ]
                if !owner.subresource.isEmpty { value["subresource"] = .string(owner.subresource) }
                if let time = entry.time { value["time"] = .string(time) }
                return value
            }
        )
    }

    /// Fields that nobody owns: the server sets them, or they name the object.
    static func owned(_ object: JSONValue) -> JSONValue {
        var object = object.without(["apiVersion", "kind"])
        let metadata = (object["metadata"] ?? [:]).without([
            "name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields",
            "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds",
        ])
        object["metadata"] = metadata.isEmptyOrNull ? .none : .some(metadata)
        return object
    }

    /// Ownership after an update: who changes a field owns it, and nobody owns what is gone.
    mutating func update(_ old: JSONValue, _ new: JSONValue, _ schema: Schema, by owner: Owner, at time: String) {
        // Metadata is always there: it is the labels in it that somebody adds, never itself.
        func whole(_ object: JSONValue) -> JSONValue {
            var object = Self.owned(object)
            object["metadata"] = object["metadata"] ?? [:]
            return object
        }
        let (all, removed) = FieldSet.difference(whole(old), whole(new), schema)
        // The root itself is no field.
        var changed = all
        changed.isMember = false
        for (other, entry) in entries {
            let rest = entry.fields.subtracting(removed).subtracting(other == owner ? FieldSet() : changed)
            entries[other]?.fields = rest
        }
        let before = entries[owner]?.fields ?? FieldSet()
        set(before.union(changed), for: owner, at: time)
    }

    /// Gives an owner its fields; the time stays where they are the same as before.
    mutating func set(_ fields: FieldSet, for owner: Owner, at time: String) {
        guard !fields.isEmpty else {
            entries[owner] = nil
            return
        }
        if entries[owner]?.fields == fields { return }
        entries[owner] = Entry(fields: fields, time: time)
    }
}

extension ManagedFields.Owner {
    /// How a conflict names an owner.
    func description(time: String?) -> String {
        var text = "\"\(manager)\""
        if !subresource.isEmpty { text += " with subresource \"\(subresource)\"" }
        guard !isApply else { return text }
        text += " using \(apiVersion)"
        return time.map { "\(text) at \($0)" } ?? text
    }
}
