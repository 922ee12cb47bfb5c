/// Replaces files so that whoever reads one, at any time and after any power cut, finds the old or the new content
/// whole.
package struct DurableFile: Sendable {
    private let files: any HostFileSystem

    package init(_ files: any HostFileSystem) {
        self.files = files
    }

    /// Writes a temporary file in the same directory, brings it to the disk, renames it, and brings the name to the
    /// disk. After an error the old content is there, or, where only the last of these failed, the new one.
    package func write(_ content: [UInt8], to path: String, directoryMode: UInt32) throws(HostError) {
        let directory = HostPath.parent(path)
        try makeDirectories(directory, mode: directoryMode)
        let file = try files.createTemporary(for: path)
        do throws(HostError) {
            try files.write(content, to: file)
            try files.sync(file)
            try files.rename(file)
        } catch {
            // The error that matters is the first one; what is left is found and removed by the next pass.
            try? files.discard(file)
            throw error
        }
        try files.syncDirectory(directory)
    }

    /// Removes a file and brings that to the disk.
    package func remove(_ path: String) throws(HostError) {
        let directory = HostPath.parent(path)
        guard try files.hasDirectory(directory) else { return }
        try files.remove(path)
        try files.syncDirectory(directory)
    }

    /// Finds out, without touching what is there, whether a file could be written in the place of `path`.
    package func probe(_ path: String, size: Int, directoryMode: UInt32) throws(HostError) {
        try makeDirectories(HostPath.parent(path), mode: directoryMode)
        let file = try files.createTemporary(for: path)
        do throws(HostError) {
            try files.write(Array(repeating: 0x23, count: size), to: file)
            try files.sync(file)
        } catch {
            try? files.discard(file)
            throw error
        }
        try files.discard(file)
    }

    /// Makes what is missing of a directory's path, each part brought to the disk before the next.
    package func makeDirectories(_ directory: String, mode: UInt32) throws(HostError) {
        guard directory != "/", try !files.hasDirectory(directory) else { return }
        let parent = HostPath.parent(directory)
        try makeDirectories(parent, mode: mode)
        _ = try files.makeDirectory(directory, mode: mode)
        try files.syncDirectory(parent)
    }
}
