/// One `hosts.toml`: whom containerd asks for the images of a registry (containerd `docs/hosts.md`).
///
/// Only addresses are kept of it: headers may hold passwords.
package struct HostsFile: Hashable, Sendable {
    /// One host, without a user and a path.
    package struct Host: Hashable, Sendable, CustomStringConvertible {
        package var isPlain: Bool
        /// An IPv6 address without brackets.
        package var address: String
        package var port: Int

        package var description: String {
            let authority = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
            return "\(isPlain ? "http" : "https")://\(authority)"
        }
    }

    /// In the order in which they are asked.
    package var hosts: [Host]

    package init(hosts: [Host]) {
        self.hosts = hosts
    }

    package init(content: [UInt8]) throws(TOMLFault) {
        let document = try TOMLReader.read(content)
        hosts = (document["host"]?.table?.keys ?? []).compactMap(Self.host)
    }

    /// Nil where it is no URL of a host. Without a scheme containerd takes `https`.
    static func host(_ text: String) -> Host? {
        let isPlain = text.hasPrefix("http://")
        guard isPlain || text.hasPrefix("https://") || !text.contains("://") else { return nil }
        let rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let fallback = isPlain ? 80 : 443
        if place.hasPrefix("[") {
            guard let end = place.firstIndex(of: "]") else { return nil }
            let port = place[place.index(after: end)...].dropFirst()
            guard let number = port.isEmpty ? fallback : Int(port) else { return nil }
            return Host(
                isPlain: isPlain,
                address: String(place[place.index(after: place.startIndex)..<end]),
                port: number
            )
        }
        let parts = place.split(separator: ":", omittingEmptySubsequences: false)
        guard let address = parts.first, !address.isEmpty, parts.count <= 2 else { return nil }
        guard let port = parts.count == 2 ? Int(parts[1]) : fallback else { return nil }
        return Host(isPlain: isPlain, address: String(address), port: port)
    }
}

/// A directory of a registry, below one that `config_path` names.
package struct HostsDirectory: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// There is no `hosts.toml` in it: containerd looks for certificates and goes on to no other directory.
        case absent
        case hosts(HostsFile)
        /// It can't be read; containerd then does as if it were absent.
        case unreadable(String)
    }

    package var content: Content
    /// Whether there is nothing beside a plain file `hosts.toml`.
    package var isAlone: Bool

    package init(_ content: Content, isAlone: Bool = true) {
        self.content = content
        self.isAlone = isAlone
    }
}

/// One of the directories that `config_path` names, or that the mirror writes to.
package struct HostsRoot: Hashable, Sendable {
    /// For registries without a directory of their own.
    package static let defaultName = "_default"

    /// Where a directory goes before it is emptied: one that has lost its `hosts.toml` alone would keep containerd from
    /// `_default`, and nobody could tell whose it was.
    package static func trashName(for name: String) -> String { "\(trashPrefix)\(name)\(trashSuffix)" }

    /// Whether a name is one that `trashName` gives.
    package static func isTrash(_ name: String) -> Bool {
        name.hasPrefix(trashPrefix) && name.hasSuffix(trashSuffix)
    }

    private static let trashPrefix = ".p2pmirror-"
    private static let trashSuffix = ".removed"

    package var path: String
    /// Whether there is such a directory, as far as the agent sees.
    package var isThere: Bool
    /// By name; neither `_backup` nor what is being removed is one of them.
    package var directories: [String: HostsDirectory]
    /// All names in it.
    package var names: Set<String>
    /// What `_backup` holds; nil where there is none.
    package var backup: [String]?

    /// Directories whose removal has begun, and that hold nothing else.
    package var trash: [String] = []

    package init(
        path: String,
        isThere: Bool = true,
        directories: [String: HostsDirectory] = [:],
        names: Set<String> = [],
        backup: [String]? = nil
    ) {
        self.path = path
        self.isThere = isThere
        self.directories = directories
        self.names = names
        self.backup = backup
    }

    /// The name of the directory that containerd takes for a registry; nil where it takes none here (containerd
    /// `core/remotes/docker/config/hosts.go`, `HostDirFromRoot`).
    func name(for registry: String) -> String? {
        Self.candidates(registry).first { directories[$0] != nil }
    }

    /// Names that are looked for, in containerd's order.
    package static func candidates(_ registry: String) -> [String] {
        guard registry != "*", registry != defaultName else { return [defaultName] }
        guard let colon = registry.lastIndex(of: ":") else { return [registry, defaultName] }
        let escaped = "\(registry[..<colon])_\(registry[registry.index(after: colon)...])_"
        return [escaped, registry, defaultName]
    }
}
