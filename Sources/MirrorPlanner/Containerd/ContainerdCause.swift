/// Why no `config_path` is in force.
struct ContainerdCause: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Nobody writes one.
        case absent
        /// The file writes an empty one.
        case emptied
        /// The version that the file writes holds for all, and does not have the table in which it stands.
        case version(Int)
        /// The file's table takes the place of what stands elsewhere.
        case replaced(plugin: String)
        /// It stands in a table that is not read.
        case unread(plugin: String, version: Int)
    }

    let kind: Kind
    let file: String
    /// The file that has it; nil where nobody does.
    let writer: String?

    /// - Parameter steps: what comes out after each of the files; nil where that is not known.
    init(_ files: [ContainerdFile], _ steps: [ContainerdPlugins?]) {
        let main = files.first?.path ?? ""
        let writers = files.filter { $0.configPaths.contains { !$0.path.isEmpty } }
        guard let last = steps.lastIndex(where: { $0?.writtenPath.isEmpty == false }), last + 1 < steps.count,
            let before = steps[last], let after = steps[(last + 1)...].lazy.compactMap({ $0 }).first
        else {
            let unread = writers.last
            let place = unread?.configPaths.last { !$0.path.isEmpty }
            file = unread?.path ?? main
            writer = unread?.path
            kind = place.map { .unread(plugin: $0.plugin, version: unread?.version ?? 0) } ?? .absent
            return
        }
        let culprit = files[last + 1]
        file = culprit.path
        writer = writers.last { $0.path != culprit.path }?.path
        if culprit.configPaths.contains(where: { $0.path.isEmpty }) {
            kind = .emptied
        } else if after.line == .merging, after.version < 3, before.version >= 3,
            culprit.plugins[path: ContainerdFile.criPlugin, "registry"] != nil
        {
            kind = .replaced(plugin: ContainerdFile.criPlugin)
        } else if before.version != after.version {
            kind = .version(after.version)
        } else {
            kind = .replaced(plugin: after.line == .replacing ? after.plugin : ContainerdFile.criPlugin)
        }
    }
}

extension ContainerdPlugins {
    /// The one plugin of containerd 1.
    fileprivate var plugin: String { version == 1 ? ContainerdFile.oldPlugin : ContainerdFile.criPlugin }
}
