/// The files of one containerd configuration, from the first one on, with what their imports lead to.
///
/// A value of its own, so that what another file would change can be found out before it is written.
package struct ContainerdTree: Hashable, Sendable {
    /// More files than any node has; what is beyond is not read.
    package static let fileLimit = 64

    /// The file that containerd is started with.
    package var main: String
    package var files: [String: ContainerdFile]
    /// What each import leads to, in the order of names.
    package var matches: [String: [String]]

    package init(main: String, files: [String: ContainerdFile] = [:], matches: [String: [String]] = [:]) {
        self.main = main
        self.files = files
        self.matches = matches
    }

    /// The files in containerd's order: of each setting the last one counts. Imports of a file come after all files
    /// that are waiting already, and no file comes twice (containerd `cmd/containerd/server/config/config.go`,
    /// `LoadConfig`).
    package var ordered: [ContainerdFile] { paths.compactMap { files[$0] } }

    /// All paths in that order, with those of files that could not be read.
    package var paths: [String] {
        var found: [String] = []
        var seen: Set<String> = []
        var waiting = [main]
        var next = 0
        while next < waiting.count, found.count < Self.fileLimit {
            let path = waiting[next]
            next += 1
            guard seen.insert(path).inserted else { continue }
            found.append(path)
            for pattern in files[path]?.imports ?? [] { waiting += matches[pattern] ?? [] }
        }
        return found
    }

    /// The same without a file.
    package func without(_ path: String) -> ContainerdTree {
        var tree = self
        tree.files[path] = nil
        tree.matches = matches.mapValues { paths in paths.filter { $0 != path } }
        return tree
    }

    /// The same with a file, where an import leads to it already.
    package func with(_ file: ContainerdFile) -> ContainerdTree {
        var tree = without(file.path)
        tree.files[file.path] = file
        for pattern in Set(files.values.flatMap(\.imports)) where Self.leads(pattern, to: file.path) {
            let paths = (tree.matches[pattern] ?? []) + [file.path]
            tree.matches[pattern] = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
        return tree
    }

    /// Whether an import takes in a path; only the last part of an import is looked at as a pattern.
    static func leads(_ pattern: String, to path: String) -> Bool {
        if pattern == path { return true }
        return ContainerdPath.isPattern(pattern) && ContainerdPath.parent(pattern) == ContainerdPath.parent(path)
            && ContainerdPath.matches(ContainerdPath.name(pattern), ContainerdPath.name(path))
    }
}
