package import KubeCore

/// The host's files, one operation at a time, so that a simulation can end the process between any two of them.
///
/// Paths begin at the host's root. Symbolic links are followed within that root only, as `chroot` would, and never as
/// the last part of a path that is written. What is absent is no error.
package protocol HostFileSystem: Sendable {
    /// The content of a file; nil where there is none. A link is followed if `followingLink`.
    func read(_ path: String, limit: Int, followingLink: Bool) throws(HostError) -> [UInt8]?
    /// What is known of a file without opening it, a link not followed; nil where there is none.
    func attributes(_ path: String) throws(HostError) -> FileAttributes?
    /// What a directory holds, in no order; nil where there is none.
    func list(_ directory: String) throws(HostError) -> [HostEntry]?
    /// Whether a directory is there; a link to one counts.
    func hasDirectory(_ path: String) throws(HostError) -> Bool
    /// Makes one directory whose parent exists; answers whether it was missing.
    func makeDirectory(_ path: String, mode: UInt32) throws(HostError) -> Bool
    /// Makes an empty file beside `path` with the owner, the mode and the SELinux label of `path` where that exists;
    /// else only its owner can read it, and it has the label of its directory. One that an ended process left behind is
    /// replaced.
    func createTemporary(for path: String) throws(HostError) -> TemporaryFile
    func write(_ content: [UInt8], to file: TemporaryFile) throws(HostError)
    /// Returns when the content is on the disk.
    func sync(_ file: TemporaryFile) throws(HostError)
    /// Puts the file in the place of `file.path`.
    func rename(_ file: TemporaryFile) throws(HostError)
    /// Removes the temporary file.
    func discard(_ file: TemporaryFile) throws(HostError)
    /// Returns when the names in a directory are on the disk.
    func syncDirectory(_ directory: String) throws(HostError)
    func remove(_ path: String) throws(HostError)
    /// Removes a directory; one that is not empty stays.
    func removeDirectory(_ path: String) throws(HostError)
    /// Moves a file or a directory with all that is in it to a name that is free, on the same file system.
    func move(_ path: String, to newPath: String) throws(HostError)
    /// Takes a lock that no other process then gets until this one ends; false where another one has it.
    func lock(_ path: String) throws(HostError) -> Bool
}

/// What is known of a file without opening it.
package struct FileAttributes: Hashable, Sendable {
    package var isLink: Bool
    /// When content, owner, mode or name changed last; nobody can set it back.
    package var changedAt: Timestamp

    package init(isLink: Bool = false, changedAt: Timestamp) {
        self.isLink = isLink
        self.changedAt = changedAt
    }
}

/// One name in a directory.
package struct HostEntry: Hashable, Sendable {
    package var name: String
    /// False for a link, wherever it leads.
    package var isDirectory: Bool

    package init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
    }
}

/// A file that is being written.
package struct TemporaryFile: Hashable, Sendable {
    /// Where it is to go.
    package var path: String
    /// Names the open file to the file system that made it.
    package var handle: Int32

    package init(path: String, handle: Int32) {
        self.path = path
        self.handle = handle
    }

    /// The name beside `path` under which it is written. It does not end in `.yaml`: the distribution must not read it.
    package static func temporaryPath(for path: String) -> String {
        "\(HostPath.parent(path))/\(prefix)\(HostPath.name(path))\(suffix)"
    }

    /// Whether a name is one that `temporaryPath` gives.
    package static func isTemporary(_ name: String) -> Bool {
        name.hasPrefix(prefix) && name.hasSuffix(suffix)
    }

    private static let prefix = ".p2pmirror-"
    private static let suffix = ".tmp"
}

/// Paths as text.
package enum HostPath {
    /// The directory that a path is in; the root for the root.
    package static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// The last part.
    package static func name(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
