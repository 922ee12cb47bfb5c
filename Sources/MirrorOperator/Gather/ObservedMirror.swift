package import KubeCore
package import MirrorAPI

/// A P2PMirror as the API server has it, whether it can be read or not.
///
/// One object that an older or newer schema let through must not hide the others, and its author must be told: so what
/// can't be read is an object with its fault, not a failed list.
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
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        status = try? container.decodeIfPresent(P2PMirrorStatus.self, forKey: .status)
        let spec = try container.decodeIfPresent(JSONValue.self, forKey: .spec)
        do throws(KubeError) {
            let spec = try JSONCoding.decode(P2PMirrorSpec.self, from: spec ?? .null)
            content = .readable(spec)
        } catch {
            content = .unreadable(error.message)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(metadata, forKey: .metadata)
        try container.encodeIfPresent(mirror?.spec, forKey: .spec)
        try container.encodeIfPresent(status, forKey: .status)
    }
}
