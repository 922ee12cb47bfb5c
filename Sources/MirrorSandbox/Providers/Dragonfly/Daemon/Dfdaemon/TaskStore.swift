import Glibc
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The content of tasks on a daemon's disk: a file each, really written, on whatever file system the directory is on.
final class TaskStore: Sendable {
    /// What the file system says.
    struct Usage: Codable, Hashable, Sendable {
        var total: Int64
        var free: Int64

        var used: Int64 { total - free }
        var usedPercent: Double { total > 0 ? Double(used) * 100 / Double(total) : 0 }
    }

    /// Why a task could not be written.
    struct WriteFailure: Error, CustomStringConvertible {
        let description: String
    }

    private let directory: String
    private let unfinished = Mutex<Set<String>>([])

    /// - Parameter keep: whether what is there stays.
    init(directory: String, keep: Bool) throws {
        self.directory = "\(directory)/content"
        if !keep { try? FileManager.default.removeItem(atPath: self.directory) }
        try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
    }

    /// Total and free bytes of the file system.
    var usage: Usage {
        var figures = statvfs()
        guard statvfs(directory, &figures) == 0 else { return Usage(total: 0, free: 0) }
        let block = Int64(figures.f_frsize)
        return Usage(total: Int64(figures.f_blocks) * block, free: Int64(figures.f_bavail) * block)
    }

    private func path(_ task: String) -> String { "\(directory)/\(task)" }

    /// Whether a task is there from beginning to end.
    func has(_ task: String) -> Bool {
        !unfinished.withLock { $0.contains(task) } && access(path(task), F_OK) == 0
    }

    /// Bytes of a task; nil where it is not there.
    func size(of task: String) -> Int64? {
        var figures = stat()
        return stat(path(task), &figures) == 0 ? Int64(figures.st_size) : nil
    }

    /// A task as a whole; nil where it is not there.
    func read(_ task: String) -> [UInt8]? {
        guard has(task), let data = try? Data(contentsOf: URL(filePath: path(task))) else { return nil }
        utimes(path(task), nil)
        return [UInt8](data)
    }

    /// Begins to write a task, from its beginning.
    func begin(_ task: String) throws -> Writer {
        unfinished.withLock { _ = $0.insert(task) }
        let file = open(path(task), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw WriteFailure(description: Self.words(errno)) }
        return Writer(file: file)
    }

    /// The task is complete; or it is not, and what is there of it goes.
    func end(_ task: String, _ writer: Writer, complete: Bool) {
        close(writer.file)
        if !complete { unlink(path(task)) }
        unfinished.withLock { _ = $0.remove(task) }
    }

    /// Removes a task; false where it is not there.
    @discardableResult
    func remove(_ task: String) -> Bool { unlink(path(task)) == 0 }

    /// All tasks.
    var tasks: [DiskCollection.Task] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let open = unfinished.withLock { $0 }
        return names.compactMap { name in
            var figures = stat()
            guard stat(path(name), &figures) == 0 else { return nil }
            return DiskCollection.Task(
                id: name,
                bytes: Int64(figures.st_blocks) * 512,
                updatedAt: Double(figures.st_mtim.tv_sec) + Double(figures.st_mtim.tv_nsec) / 1e9,
                isFinished: !open.contains(name)
            )
        }
    }

    /// Writes one task.
    struct Writer: Sendable {
        fileprivate let file: Int32

        /// Appends.
        func write(_ bytes: [UInt8]) throws {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(file, $0.baseAddress.map { $0 + sent }, bytes.count - sent)
                }
                guard count > 0 else { throw WriteFailure(description: TaskStore.words(errno)) }
                sent += count
            }
        }
    }

    private static func words(_ number: Int32) -> String { "\(String(cString: strerror(number))) (os error \(number))" }
}
