/// A `SimulatedDisk` as one process sees it.
///
/// The hook is called before and after each operation. What it throws ends that operation, before or after its effect,
/// with this error: so a process is killed at any point, and so a disk is full or read-only.
package struct SimulatedFileSystem: HostFileSystem {
    package enum Moment: Hashable, Sendable {
        case before
        case after
    }

    package typealias Hook = @Sendable (HostOperation, Moment) throws(HostError) -> Void

    private let disk: SimulatedDisk
    private let process: Int
    private let hook: Hook

    package init(_ disk: SimulatedDisk, process: Int, hook: @escaping Hook = { (_, _) throws(HostError) in }) {
        self.disk = disk
        self.process = process
        self.hook = hook
    }

    package func read(_ path: String, limit: Int, followingLink: Bool) throws(HostError) -> [UInt8]? {
        try perform(.read, path) { $0.read(path) }
    }

    package func attributes(_ path: String) throws(HostError) -> FileAttributes? {
        try perform(.attributes, path) { $0.attributes(path) }
    }

    package func list(_ directory: String) throws(HostError) -> [HostEntry]? {
        try perform(.list, directory) { $0.list(directory) }
    }

    package func hasDirectory(_ path: String) throws(HostError) -> Bool {
        try perform(.hasDirectory, path) { $0.hasDirectory(path) }
    }

    package func makeDirectory(_ path: String, mode: UInt32) throws(HostError) -> Bool {
        try perform(.makeDirectory, path) { $0.makeDirectory(path) }
    }

    package func createTemporary(for path: String) throws(HostError) -> TemporaryFile {
        guard disk.hasDirectory(HostPath.parent(path)) else {
            throw HostError(.failed, "create", path, "its directory is absent")
        }
        return TemporaryFile(path: path, handle: try perform(.createTemporary, path) { $0.create(path) })
    }

    package func write(_ content: [UInt8], to file: TemporaryFile) throws(HostError) {
        try perform(.write, file.path) { $0.write(content, to: file.handle) }
    }

    package func sync(_ file: TemporaryFile) throws(HostError) {
        try perform(.sync, file.path) { $0.sync(file.handle) }
    }

    package func rename(_ file: TemporaryFile) throws(HostError) {
        try perform(.rename, file.path) { $0.rename(file) }
    }

    package func discard(_ file: TemporaryFile) throws(HostError) {
        try perform(.discard, file.path) { $0.remove(TemporaryFile.temporaryPath(for: file.path)) }
    }

    package func syncDirectory(_ directory: String) throws(HostError) {
        try perform(.syncDirectory, directory) { $0.syncDirectory(directory) }
    }

    package func remove(_ path: String) throws(HostError) {
        try perform(.remove, path) { $0.remove(path) }
    }

    package func removeDirectory(_ path: String) throws(HostError) {
        try perform(.removeDirectory, path) { $0.removeEmptyDirectory(path) }
    }

    package func move(_ path: String, to newPath: String) throws(HostError) {
        guard try perform(.move, path, { $0.move(path, to: newPath) }) else {
            throw HostError(.failed, "move", newPath, "it is there already")
        }
    }

    package func lock(_ path: String) throws(HostError) -> Bool {
        try perform(.lock, path) { $0.lock(path, process: process) }
    }

    private func perform<Result>(
        _ kind: HostOperation.Kind,
        _ path: String,
        _ work: (SimulatedDisk) -> Result
    ) throws(HostError) -> Result {
        let operation = HostOperation(kind: kind, path: path)
        try hook(operation, .before)
        let result = work(disk)
        try hook(operation, .after)
        return result
    }
}
