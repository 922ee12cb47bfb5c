import KubeCore

/// The administrator's `registries.yaml`, in which the keys of `mirrors:` name the registries whose images a node
/// exchanges with others; a key without a value is enough (https://docs.k3s.io/installation/registry-mirror; k3s
/// `pkg/spegel/spegel.go`).
///
/// It may hold credentials, so that nothing of it but the names of registries comes out of here, in faults neither. It
/// is edited as text, a line for each key, so that all else stays as it was written; the result is then read again, and
/// counts only if nothing but those keys differs.
package enum RegistriesFile {
    /// Why the file can't be used or edited, with what to do. No content is repeated.
    package struct Fault: Error, Hashable, Sendable {
        package var message: String

        package init(message: String) {
            self.message = message
        }
    }

    /// Bytes of a file that is edited. Old and new content go into a journal, which must stay small.
    package static let sizeLimit = 131_072

    /// Behind each line of ours, for whoever reads the file; and how a `mirrors:` that we wrote is known again.
    static let mark = "# added by p2pmirror"

    /// Whether a text is a registry as this file names it: a host with an optional port, or a wildcard.
    package static func isRegistry(_ name: String) -> Bool {
        if isWildcard(name) { return true }
        let characters = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || ".-:[]".utf8.contains(byte)
        }
        return characters && !name.isEmpty && name.utf8.count <= 253
    }

    /// Whether a key stands for all registries (k3s-io/k3s#9590).
    package static func isWildcard(_ name: String) -> Bool { name == "*" || name == "_default" }

    /// Whether a registry is the node itself: such keys are skipped with an error (k3s `pkg/spegel/spegel.go`).
    package static func isLocal(_ registry: String) -> Bool {
        let host = registry.hasPrefix("[") ? registry.prefix { $0 != "]" } + "]" : registry.prefix { $0 != ":" }
        return host.lowercased() == "localhost" || host == "[::1]" || host.hasPrefix("127.")
    }

    /// The registries that the file mirrors, in ascending order; none where there is no file.
    package static func registries(in content: [UInt8]?) throws(Fault) -> [String] {
        try Mirrors(content).keys.keys.filter { isRegistry($0) && !isLocal($0) }.sorted()
    }

    /// Those of `names` that stand in the file as we write them: without a value.
    package static func bare(_ names: [String], in content: [UInt8]?) throws(Fault) -> [String] {
        let keys = try Mirrors(content).keys
        return names.filter { keys[$0] == .null }
    }

    /// The file with some registries added and others removed; nil where nothing remains of a file that we made.
    ///
    /// A registry that is there already is not added, and one that has a value is not removed: that is somebody's.
    package static func edit(
        _ content: [UInt8]?,
        adding additions: [String] = [],
        removing removals: [String] = []
    ) throws(Fault) -> [UInt8]? {
        let before = try Mirrors(content)
        let added = Set(additions).filter { before.keys[$0] == nil }.sorted()
        let removed = Set(removals).filter { before.keys[$0] == .null && !additions.contains($0) }
        if added.isEmpty, removed.isEmpty { return content }
        guard (content?.count ?? 0) <= sizeLimit else {
            throw Fault(message: "it has \(content?.count ?? 0) bytes, more than \(sizeLimit)")
        }
        if let content { try checkLines(of: content) }
        var text = RegistriesText(content ?? [])
        if !added.isEmpty { try text.add(added, hasMirrors: before.isThere, hasKeys: !before.keys.isEmpty) }
        if !removed.isEmpty { try text.remove(removed, leavesNone: removed.count == before.keys.count + added.count) }
        var wanted = before
        for name in added { wanted.keys[name] = .null }
        for name in removed { wanted.keys[name] = nil }
        let after = text.bytes
        guard let read = try? Mirrors(after), read.isSame(as: wanted) else {
            throw Fault(message: "its style does not allow for a change of single lines")
        }
        return after
    }

    /// What YAML takes for lines and the editor of lines does not.
    private static func checkLines(of content: [UInt8]) throws(Fault) {
        let isAlone = content.indices.contains { index in
            content[index] == 0x0D && (index + 1 == content.count || content[index + 1] != 0x0A)
        }
        guard !isAlone else {
            throw Fault(message: "a line of it ends with a carriage return alone: end lines with LF or CR LF")
        }
    }
}

extension RegistriesFile {
    /// What the file says.
    fileprivate struct Mirrors {
        /// Members of `mirrors`; empty where that is absent or null.
        var keys: [String: JSONValue] = [:]
        /// Whether `mirrors` is there, be it without a value.
        var isThere = false
        private var others: [String: JSONValue] = [:]

        init(_ content: [UInt8]?) throws(Fault) {
            guard let content, !content.isEmpty else { return }
            guard !ByteOrderMark.isUTF16(content) else {
                throw Fault(message: "it is a text in UTF-16 (its byte order mark says so): save it in UTF-8")
            }
            let documents: [JSONValue]
            do {
                documents = try YAMLCoding.documents(content)
            } catch {
                // What follows the place may repeat a part of the file.
                let place = error.message.hasPrefix("line ") ? error.message.prefix { $0 != ":" } : "somewhere"
                throw Fault(message: "it is no YAML that can be read (\(place)): correct it")
            }
            guard documents.count <= 1 else { throw Fault(message: "it holds more than one YAML document: leave one") }
            guard let document = documents.first else { return }
            guard let members = document.objectValue else { throw Fault(message: "it holds no keys: correct it") }
            others = members
            others["mirrors"] = nil
            guard let mirrors = members["mirrors"] else { return }
            isThere = true
            guard mirrors == .null || mirrors.objectValue != nil else {
                throw Fault(message: "`mirrors:` holds no keys: write one registry a line below it")
            }
            keys = mirrors.objectValue ?? [:]
        }

        /// Whether two files mean the same; a `mirrors:` without keys is as good as none.
        func isSame(as other: Mirrors) -> Bool { keys == other.keys && others == other.others }
    }
}
