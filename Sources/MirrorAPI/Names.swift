import KubeCore

/// How names of one object become names of another one.
package enum Names {
    /// The name of the MirrorNode of a mirror and a node: `<mirror>.<node>`, its end replaced by a hash where it would
    /// be longer than the 253 characters that a name may have.
    package static func mirrorNode(mirror: String, node: String) -> String {
        shortened("\(mirror).\(node)", to: 253)
    }

    /// A name as a label's value: itself, or its beginning and a hash where it is longer than 63 characters.
    package static func labelValue(_ name: String) -> String {
        shortened(name, to: 63)
    }

    /// The name, its end replaced by a hash where it is longer than `limit` bytes.
    package static func shortened(_ name: String, to limit: Int) -> String {
        guard name.utf8.count > limit else { return name }
        let hash = StableHash.short(name)
        // A name must not end in a separator; the hash never does.
        return "\(name.prefix(limit - hash.count - 1))-\(hash)"
    }
}
