import KubeCore

/// How names of one object become names of another one.
package enum Names {
    /// The name of the MirrorNode of a mirror and a node: `<mirror>.<node>`, its end replaced by a hash where it would
    /// be longer than the 253 characters that a name may have.
    package static func mirrorNode(mirror: String, node: String) -> String {
        let name = "\(mirror).\(node)"
        let short = shortened(name, to: 253)
        guard short != name else { return name }
        // Where the cut falls on a dot, the hash would begin a label with a hyphen, which no server accepts.
        var start = short.dropLast(hashLength + 1)
        while start.last == "." { start.removeLast() }
        return "\(start)-\(short.suffix(hashLength))"
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
        return "\(name.prefix(limit - hashLength - 1))-\(hash)"
    }

    /// Characters of `StableHash.short`.
    private static let hashLength = 13
}
