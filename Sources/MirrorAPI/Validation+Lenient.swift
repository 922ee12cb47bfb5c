package import KubeCore

/// A P2PMirror whose specification may be anything.
///
/// A list or a watch of these never fails because of one object that an older or newer schema let through.
package struct LenientP2PMirror: KubeObject {
    package static let resource = P2PMirror.resource

    package var metadata: ObjectMeta
    package var spec: JSONValue?
    package var status: JSONValue?

    package init(metadata: ObjectMeta, spec: JSONValue?, status: JSONValue? = nil) {
        self.metadata = metadata
        self.spec = spec
        self.status = status
    }

    /// The mirror, or why there is none.
    package var reading: P2PMirrorReading {
        do {
            let typed = try JSONCoding.decode(P2PMirrorSpec.self, from: spec ?? [:])
            return .readable(P2PMirror(metadata: metadata, spec: typed, status: readableStatus))
        } catch {
            var object: JSONValue = ["metadata": ["name": .string(metadata.name)]]
            object["spec"] = spec
            let found = AdmissionRules.p2pMirror(new: object)
            return .unreadable(
                metadata,
                found.isEmpty ? [FieldPath("spec").violation(error.message)] : found
            )
        }
    }

    // Of the operator's own status decisions rest on the clock of a proof, on a storm and on the latest withdrawals
    // alone; without them the proof and the storm begin anew, and a minute's evictions are forgotten.
    private var readableStatus: P2PMirrorStatus? {
        guard let status else { return nil }
        return try? JSONCoding.decode(P2PMirrorStatus.self, from: status)
    }
}

/// What came of reading a P2PMirror.
package enum P2PMirrorReading: Hashable, Sendable {
    /// It has a type; it may still break rules (`P2PMirrorSpec.violations(name:)`).
    case readable(P2PMirror)
    /// It has none; there is at least one violation.
    case unreadable(ObjectMeta, [FieldViolation])
}
