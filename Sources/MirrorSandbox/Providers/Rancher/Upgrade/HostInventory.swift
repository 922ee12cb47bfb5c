import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// All files and directories of a simulated host, as its disk has them at one moment.
package enum HostInventory {
    /// One file or directory. Written again with the same content it has another inode or another time.
    package struct Entry: Hashable, Sendable {
        package var inode: UInt64
        /// Time of the last change of the content, in nanoseconds.
        package var modified: Int64
        package var mode: UInt32
        /// The content; nil for a directory.
        package var content: [UInt8]?

        package init(inode: UInt64, modified: Int64, mode: UInt32, content: [UInt8]? = nil) {
            self.inode = inode
            self.modified = modified
            self.mode = mode
            self.content = content
        }
    }

    /// What the kernel shows on a host and no disk holds: counters there change by themselves.
    private static let kernel = "sys"

    /// The entries below a directory by their paths from it, which begin with a slash.
    package static func entries(below root: String) throws -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: root)
        where path != kernel && !path.hasPrefix("\(kernel)/") {
            var status = stat()
            // Gone meanwhile: whoever compares two inventories sees that it is missing.
            guard lstat("\(root)/\(path)", &status) == 0 else { continue }
            let isFile = status.st_mode & S_IFMT == S_IFREG
            entries["/\(path)"] = Entry(
                inode: UInt64(status.st_ino),
                modified: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec),
                mode: UInt32(status.st_mode),
                content: isFile ? [UInt8](try Data(contentsOf: URL(filePath: "\(root)/\(path)"))) : nil
            )
        }
        return entries
    }
}
