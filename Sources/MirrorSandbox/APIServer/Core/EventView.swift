import KubeCore

/// Events of the core group and of `events.k8s.io` are the same objects under two names for most fields.
enum EventView {
    /// Names in `events.k8s.io/v1`, and the names of the same fields in `v1`.
    private static let names = [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"),
        ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ]

    /// An Event as the core group shows it.
    static func core(_ event: JSONValue) -> JSONValue { renamed(event, names) }

    /// An Event as `events.k8s.io` shows it, which is how Events are stored.
    static func stored(_ event: JSONValue) -> JSONValue { renamed(event, names.map { ($1, $0) }) }

    private static func renamed(_ event: JSONValue, _ names: [(String, String)]) -> JSONValue {
        var event = event
        for (old, new) in names {
            guard let value = event[old] else { continue }
            event[old] = nil
            event[new] = value
        }
        return event
    }

    /// What the server demands of an Event that is stored as `events.k8s.io/v1`.
    static func faults(_ event: JSONValue, isCore: Bool) -> [FieldFault] {
        let subject = event["regarding"]?["namespace"]?.stringValue ?? ""
        let namespace = event.objectNamespace ?? ""
        let path = isCore ? "involvedObject.namespace" : "regarding.namespace"
        var faults: [FieldFault] = []
        if subject.isEmpty ? !["default", "kube-system"].contains(namespace) : subject != namespace {
            faults.append(.invalid(path, .string(subject), "does not match event.namespace"))
        }
        // The core group keeps taking Events without these, for old clients; the new group does not.
        guard !isCore else { return faults }
        if event["eventTime"]?.stringValue == nil { faults.append(.required("eventTime")) }
        for field in ["reportingController", "reportingInstance", "action", "reason"] {
            let text = event[field]?.stringValue ?? ""
            if text.isEmpty { faults.append(.required(field)) }
            if text.utf8.count > 128 {
                faults.append(.invalid(field, .string(text), "can have at most 128 characters"))
            }
        }
        if let note = event["note"]?.stringValue, note.utf8.count > 1_024 {
            faults.append(.invalid("note", .string(note), "can have at most 1024 characters"))
        }
        let type = event["type"]?.stringValue ?? ""
        if type != "Normal", type != "Warning" {
            faults.append(.invalid("type", .string(type), "has invalid value: \(type)"))
        }
        return faults
    }
}
