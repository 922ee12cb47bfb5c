package import KubeCore
package import MirrorAPI

/// A P2PMirror as the API server has it, whether it can be read or not.
///
/// One object that an older or newer schema let through must not hide the others, and its author must be told: so one
/// that can't be read is an object with its fault, not a failed list. One that can be read and breaks a rule goes to
/// the planner, which refuses it with all that can still be said about it.
package struct ObservedMirror: KubeObject {
    package static let resource = P2PMirror.resource

    package enum Content: Hashable, Sendable {
        case readable(P2PMirrorSpec)
        /// What is wrong and what would be right.
        case unreadable(String)
    }

    package var metadata: ObjectMeta
    package var content: Content
    /// Nil where there is none, or where it is not one of ours: it is written anew then.
    package var status: P2PMirrorStatus?

    package init(metadata: ObjectMeta, content: Content, status: P2PMirrorStatus? = nil) {
        self.metadata = metadata
        self.content = content
        self.status = status
    }

    /// The mirror, where it can be read.
    package var mirror: P2PMirror? {
        guard case .readable(let spec) = content else { return nil }
        return P2PMirror(metadata: metadata, spec: spec, status: status)
    }

    /// What is wrong with it; nil where it can be read.
    package var fault: String? {
        guard case .unreadable(let fault) = content else { return nil }
        return fault
    }
}

extension ObservedMirror {
    private enum CodingKeys: String, CodingKey {
        case metadata, spec, status
    }

    package init(from decoder: any Decoder) throws {
        self.init(try LenientP2PMirror(from: decoder))
    }

    package init(_ object: LenientP2PMirror) {
        metadata = object.metadata
        switch object.reading {
        case .readable(let mirror):
            status = mirror.status
            content = .readable(mirror.spec)
        case .unreadable(_, let violations):
            status = object.status.flatMap { try? JSONCoding.decode(P2PMirrorStatus.self, from: $0) }
            content = .unreadable(Self.text(violations))
        }
    }

    /// One sentence; a long list of faults has a common cause, and the first ones show it.
    private static func text(_ violations: [FieldViolation]) -> String {
        let shown = violations.prefix(5).map(\.description).joined(separator: "; ")
        return violations.count > 5 ? "\(shown); and \(violations.count - 5) more." : "\(shown)."
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(metadata, forKey: .metadata)
        try container.encodeIfPresent(mirror?.spec, forKey: .spec)
        try container.encodeIfPresent(status, forKey: .status)
    }
}
