/// Paths as containerd has them, as text.
package enum ContainerdPath {
    /// The directory that a path is in; the root for the root.
    package static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// The last part.
    package static func name(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// An absolute path without `.`, `..` and empty parts, as Go's `filepath.Clean` gives it.
    package static func clean(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Whether a path is that directory or one below it.
    package static func isInside(_ path: String, _ directory: String) -> Bool {
        path == directory || path.hasPrefix(directory + "/")
    }

    /// Whether a pattern is more than one path: containerd takes only those with `*` for patterns.
    package static func isPattern(_ path: String) -> Bool { path.contains("*") }

    /// Whether a name is one that a pattern of Go's `filepath.Match` means; false where the pattern is malformed.
    package static func matches(_ pattern: String, _ name: String) -> Bool {
        matches(Array(pattern.unicodeScalars)[...], Array(name.unicodeScalars)[...])
    }

    private static func matches(_ pattern: ArraySlice<Unicode.Scalar>, _ name: ArraySlice<Unicode.Scalar>) -> Bool {
        // For each place in the pattern, the places in the name that it can stand at: no pattern takes long.
        var pattern = pattern
        var starts: Set<Int> = [name.startIndex]
        while let first = pattern.first, !starts.isEmpty {
            if first == "*" {
                pattern = pattern.dropFirst()
                starts = Set((starts.min() ?? name.endIndex)...name.endIndex)
                continue
            }
            guard let (rest, accepts) = element(pattern) else { return false }
            pattern = rest
            starts = Set(starts.filter { $0 < name.endIndex && accepts(name[$0]) }.map { $0 + 1 })
        }
        return starts.contains(name.endIndex)
    }

    /// What the pattern wants of one character, and the rest of the pattern; nil where it is malformed.
    private static func element(
        _ pattern: ArraySlice<Unicode.Scalar>
    ) -> (ArraySlice<Unicode.Scalar>, (Unicode.Scalar) -> Bool)? {
        guard let first = pattern.first else { return nil }
        let rest = pattern.dropFirst()
        switch first {
        case "?": return (rest, { _ in true })
        case "\\": return rest.first.map { wanted in (rest.dropFirst(), { $0 == wanted }) }
        case "[": return characterClass(rest)
        default: return (rest, { $0 == first })
        }
    }

    /// What follows `[`: one or more characters or ranges, each of which may be escaped (Go `path/filepath/match.go`,
    /// `matchChunk` and `getEsc`).
    private static func characterClass(
        _ pattern: ArraySlice<Unicode.Scalar>
    ) -> (ArraySlice<Unicode.Scalar>, (Unicode.Scalar) -> Bool)? {
        var rest = pattern
        let isNegated = rest.first == "^"
        if isNegated { rest = rest.dropFirst() }
        var ranges: [(low: UInt32, high: UInt32)] = []
        while rest.first != "]" || ranges.isEmpty {
            guard let low = character(&rest) else { return nil }
            var high = low
            if rest.first == "-" {
                rest = rest.dropFirst()
                guard let end = character(&rest) else { return nil }
                high = end
            }
            ranges.append((low.value, high.value))
        }
        return (
            rest.dropFirst(),
            { scalar in ranges.contains { $0.low <= scalar.value && scalar.value <= $0.high } != isNegated }
        )
    }

    private static func character(_ rest: inout ArraySlice<Unicode.Scalar>) -> Unicode.Scalar? {
        if rest.first == "\\" {
            rest = rest.dropFirst()
        } else if rest.first == "-" || rest.first == "]" {
            return nil
        }
        return rest.popFirst()
    }

    /// Whether a pattern is one: containerd does not start with another in its imports.
    package static func isWellFormed(_ pattern: String) -> Bool {
        var rest = Array(pattern.unicodeScalars)[...]
        while let first = rest.first {
            if first == "*" {
                rest = rest.dropFirst()
                continue
            }
            guard let (next, _) = element(rest) else { return false }
            rest = next
        }
        return true
    }
}
