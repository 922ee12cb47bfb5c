/// One file of containerd's configuration.
package struct ContainerdFile: Hashable, Sendable {
    /// Names of the plugin that pulls images: since containerd 2.0, since file version 2, and in version 1.
    package static let imagesPlugin = "io.containerd.cri.v1.images"
    package static let criPlugin = "io.containerd.grpc.v1.cri"
    static let oldPlugin = "cri"
    /// The plugin that runs containers, since containerd 2.0.
    static let runtimePlugin = "io.containerd.cri.v1.runtime"

    /// From the root of the host.
    package var path: String
    /// The version of the format; 0 where none is written.
    package var version: Int
    /// Patterns of files that are read after it, as absolute paths (containerd
    /// `cmd/containerd/server/config/config.go`, `resolveImports`).
    package var imports: [String]
    let plugins: TOMLTable
    let disabled: [String]
    let required: [String]
    /// What has a type with which containerd does not load the file: a part of a sentence; nil where nothing has.
    let mistake: String?

    /// - Parameter release: which containerd reads it; nil where it is not known.
    package init(path: String, content: [UInt8], release: ContainerdVersion? = nil) throws(TOMLFault) {
        let dialect = TOMLDialect(release)
        let document = try TOMLReader.read(content, dialect)
        self.path = path
        let top = ContainerdFields(document, dialect)
        mistake = ContainerdShape.file(release).mistake(in: .table(document), dialect)
        version = Int(clamping: top["version"]?.integer ?? 0)
        let directory = ContainerdPath.parent(path)
        let texts = { (key: String) in (top[key]?.array ?? []).compactMap(\.string) }
        imports = texts("imports").map { text in
            guard !text.hasPrefix("/") else { return ContainerdPath.clean(text) }
            let fromRoot = ContainerdPath.isPattern(text) && ContainerdLine.globsFromRoot(release)
            return ContainerdPath.clean(fromRoot ? "/\(text)" : "\(directory)/\(text)")
        }
        disabled = texts("disabled_plugins")
        required = texts("required_plugins")
        plugins = top["plugins"]?.table ?? TOMLTable()
    }

    /// Each `config_path` that it writes, with the plugin in whose table it stands.
    var configPaths: [(plugin: String, path: String)] {
        [Self.imagesPlugin, Self.criPlugin, Self.oldPlugin].compactMap { plugin in
            plugins[path: plugin, "registry", "config_path"]?.string.map { (plugin, $0) }
        }
    }
}

/// The keys of a table as containerd finds them by the names of its fields.
struct ContainerdFields {
    private let table: TOMLTable
    private let dialect: TOMLDialect

    init(_ table: TOMLTable, _ dialect: TOMLDialect) {
        self.table = table
        self.dialect = dialect
    }

    /// In containerd 1 a key is found in small and in capital letters as well (pelletier/go-toml v1 `marshal.go`,
    /// `valueFromTree`), in containerd 2 in any (v2 `unmarshaler.go`, `structField`).
    subscript(name: String) -> TOMLValue? {
        if let value = table[name] { return value }
        switch dialect {
        case .standard: return nil
        case .first: return table[name.uppercased()]
        case .second: return table.keys.last { $0.lowercased() == name }.flatMap { table[$0] }
        }
    }
}
