/// One file of containerd's configuration.
package struct ContainerdFile: Hashable, Sendable {
    /// Names of the plugin that pulls images: since containerd 2.0, since file version 2, and in version 1.
    package static let imagesPlugin = "io.containerd.cri.v1.images"
    package static let criPlugin = "io.containerd.grpc.v1.cri"
    static let oldPlugin = "cri"

    /// From the root of the host.
    package var path: String
    /// The version of the format; 1 where none is written.
    package var version: Int
    /// Patterns of files that are read after it, as absolute paths (containerd
    /// `cmd/containerd/server/config/config.go`, `resolveImports`).
    package var imports: [String]
    let plugins: TOMLTable

    package init(path: String, content: [UInt8]) throws(TOMLFault) {
        let document = try TOMLReader.read(content)
        self.path = path
        version = Int(clamping: document["version"]?.integer ?? 1)
        if version < 1 { version = 1 }
        let directory = ContainerdPath.parent(path)
        imports = (document["imports"]?.array ?? []).compactMap(\.string).filter { !$0.isEmpty }.map {
            ContainerdPath.clean($0.hasPrefix("/") ? $0 : "\(directory)/\($0)")
        }
        plugins = document["plugins"]?.table ?? TOMLTable()
    }

    /// What containerd 1 reads of it, in the form of containerd 2; nil where it says nothing about that plugin.
    var legacyPlugin: TOMLTable? {
        let named = plugins[Self.criPlugin]?.table
        let old = version == 1 ? plugins[Self.oldPlugin]?.table : nil
        guard let plugin = named ?? old else { return nil }
        var images = TOMLTable()
        if let registry = plugin["registry"] { images.set("registry", registry) }
        for (key, value) in Self.members(of: plugin["containerd"]) where Self.movedKeys.contains(key) {
            images.set(key, value)
        }
        return images
    }

    /// What containerd 2 reads of it, after its migrations (containerd `plugins/cri/images/plugin.go`,
    /// `migrateConfig`): of an older file the registries move always, the other settings only where the file also has
    /// runtimes.
    var modernPlugin: TOMLTable {
        var images = plugins[Self.imagesPlugin]?.table ?? TOMLTable()
        guard version < 3 else { return images }
        let old = version == 1 ? plugins[Self.oldPlugin]?.table : nil
        guard let plugin = plugins[Self.criPlugin]?.table ?? old else { return images }
        for key in ["registry", "max_concurrent_downloads", "image_pull_with_sync_fs"] {
            if let value = plugin[key] { images.set(key, value) }
        }
        guard plugin[path: "containerd", "runtimes"] != nil else { return images }
        for (key, value) in Self.members(of: plugin["containerd"]) where Self.movedKeys.contains(key) {
            images.set(key, value)
        }
        return images
    }

    /// `config_path` in a table that this version of the file no longer reads: a mistake that nobody is told of.
    var ignoredConfigPath: String? {
        guard version >= 3 else { return nil }
        return plugins[path: Self.criPlugin, "registry", "config_path"]?.string
    }

    private static let movedKeys: Set<String> = [
        "snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers",
    ]

    private static func members(of value: TOMLValue?) -> [(String, TOMLValue)] {
        guard let table = value?.table else { return [] }
        return table.keys.compactMap { key in table[key].map { (key, $0) } }
    }
}

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

    private static func characterClass(
        _ pattern: ArraySlice<Unicode.Scalar>
    ) -> (ArraySlice<Unicode.Scalar>, (Unicode.Scalar) -> Bool)? {
        var rest = pattern
        let isNegated = rest.first == "^"
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<UInt32>] = []
        while let low = rest.first, low != "]" || ranges.isEmpty {
            rest = rest.dropFirst()
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                high = end
                rest = rest.dropFirst(2)
            }
            if low.value <= high.value { ranges.append(low.value...high.value) }
        }
        guard rest.first == "]" else { return nil }
        return (rest.dropFirst(), { scalar in ranges.contains { $0.contains(scalar.value) } != isNegated })
    }
}
