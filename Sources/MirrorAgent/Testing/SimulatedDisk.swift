package import KubeCore
import Synchronization

/// One operation on files, for the hook of a simulation.
package struct HostOperation: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case read, attributes, list, hasDirectory, makeDirectory, createTemporary, write, sync, rename, discard
        case syncDirectory, remove, removeDirectory, move
        case lock
    }

    package var kind: Kind
    package var path: String
}

/// A disk in memory that forgets at a power cut what was not brought to it, as a real one may.
///
/// It is the worst disk that the rules allow: a name is durable only once its directory was synced, content only once
/// its file was, and each survives without the other.
package final class SimulatedDisk: Sendable {
    private struct Inode {
        var content: [UInt8] = []
        var durable: [UInt8] = []
        var changedAt = Timestamp(seconds: 0)
        var isLink = false
        var leadsNowhere = false
    }

    private struct Tree {
        var directories: Set<String> = ["/"]
        var names: [String: Int] = [:]

        mutating func move(_ path: String, to newPath: String) {
            let moved = { (old: String) in
                old == path || old.hasPrefix("\(path)/") ? newPath + old.dropFirst(path.count) : old
            }
            directories = Set(directories.map(moved))
            names = Dictionary(names.map { (moved($0), $1) }, uniquingKeysWith: { $1 })
        }
    }

    private struct State {
        var present = Tree()
        var durable = Tree()
        var inodes: [Int: Inode] = [:]
        var open: [Int32: Int] = [:]
        /// Moves that are not on the disk yet, from where and to where.
        var moves: [(String, String)] = []
        var next = 1
        var locks: [String: Int] = [:]
        var now = Timestamp(seconds: 0)
        /// When names in a directory changed last.
        var touched: [String: Timestamp] = [:]

        mutating func touch(_ path: String) { touched[HostPath.parent(path)] = now }
    }

    private let state = Mutex(State())

    package init() {}

    /// The time that changes from now on have.
    package var time: Timestamp {
        get { state.withLock(\.now) }
        set { state.withLock { $0.now = newValue } }
    }

    /// Puts a file there as if it had always been.
    package func put(_ path: String, _ content: String, isLink: Bool = false) {
        state.withLock { state in
            var directory = HostPath.parent(path)
            while state.present.directories.insert(directory).inserted { directory = HostPath.parent(directory) }
            if state.present.names[path] == nil { state.touch(path) }
            let bytes = Array(content.utf8)
            let inode = Inode(content: bytes, durable: bytes, changedAt: state.now, isLink: isLink)
            state.inodes[state.next] = inode
            state.present.names[path] = state.next
            state.next += 1
            state.durable = state.present
        }
    }

    /// Puts a link there behind which nothing is seen.
    package func putLinkToNowhere(_ path: String) {
        put(path, "", isLink: true)
        state.withLock { state in
            if let inode = state.present.names[path] { state.inodes[inode]?.leadsNowhere = true }
        }
    }

    /// Makes a directory and its parents as if they had always been.
    package func putDirectory(_ path: String) {
        state.withLock { state in
            var directory = path
            while state.present.directories.insert(directory).inserted {
                state.touch(directory)
                state.touched[directory] = state.now
                directory = HostPath.parent(directory)
            }
            state.durable = state.present
        }
    }

    /// Takes a file away as an administrator would.
    package func delete(_ path: String) {
        state.withLock { state in
            state.present.names[path] = nil
            state.touch(path)
            state.durable = state.present
        }
    }

    /// Takes an empty directory away.
    package func removeDirectory(_ path: String) {
        state.withLock { state in
            state.present.directories.remove(path)
            state.touch(path)
            state.durable = state.present
        }
    }

    /// All files with what they hold now.
    package var contents: [String: String] {
        state.withLock { state in
            state.present.names.mapValues { String(decoding: state.inodes[$0]?.content ?? [], as: UTF8.self) }
        }
    }

    /// Everything that is not on the disk is lost, and so are open files and locks.
    package func cutPower() {
        state.withLock { state in
            state.present = state.durable
            state.inodes = state.inodes.mapValues {
                Inode(content: $0.durable, durable: $0.durable, changedAt: $0.changedAt)
            }
            state.open = [:]
            state.moves = []
            state.locks = [:]
        }
    }

    /// A process ends: its open files are closed, and its locks are free.
    package func end(process: Int) {
        state.withLock { state in state.locks = state.locks.filter { $0.value != process } }
    }

    func read(_ path: String) -> [UInt8]? {
        state.withLock { state in
            let inode = state.present.names[path].flatMap { state.inodes[$0] }
            return inode.flatMap { $0.leadsNowhere ? nil : $0.content }
        }
    }

    func attributes(_ path: String) -> FileAttributes? {
        state.withLock { state in
            if state.present.directories.contains(path) {
                return FileAttributes(changedAt: state.touched[path] ?? Timestamp(seconds: 0))
            }
            return state.present.names[path].flatMap { state.inodes[$0] }
                .map { FileAttributes(isLink: $0.isLink, changedAt: $0.changedAt) }
        }
    }

    func list(_ directory: String) -> [HostEntry]? {
        state.withLock { state in
            guard state.present.directories.contains(directory) else { return nil }
            let isChild = { (path: String) in path != directory && HostPath.parent(path) == directory }
            let files = state.present.names.keys.filter(isChild).map { ($0, false) }
            let directories = state.present.directories.filter(isChild).map { ($0, true) }
            return (files + directories).sorted { $0.0 < $1.0 }.map { path, isDirectory in
                HostEntry(name: HostPath.name(path), isDirectory: isDirectory)
            }
        }
    }

    func hasDirectory(_ path: String) -> Bool {
        state.withLock { $0.present.directories.contains(path) }
    }

    func makeDirectory(_ path: String) -> Bool {
        state.withLock { state in
            let isNew = state.present.directories.insert(path).inserted
            if isNew { state.touch(path) }
            return isNew
        }
    }

    func create(_ path: String) -> Int32 {
        state.withLock { state in
            let inode = state.next
            state.next += 1
            state.inodes[inode] = Inode(changedAt: state.now)
            state.touch(path)
            state.present.names[TemporaryFile.temporaryPath(for: path)] = inode
            state.open[Int32(inode)] = inode
            return Int32(inode)
        }
    }

    func write(_ content: [UInt8], to handle: Int32) {
        state.withLock { state in
            guard let inode = state.open[handle] else { return }
            state.inodes[inode]?.content += content
        }
    }

    func sync(_ handle: Int32) {
        state.withLock { state in
            guard let inode = state.open[handle], let content = state.inodes[inode]?.content else { return }
            state.inodes[inode]?.durable = content
        }
    }

    func rename(_ file: TemporaryFile) {
        state.withLock { state in
            let temporary = TemporaryFile.temporaryPath(for: file.path)
            if let inode = state.present.names[temporary] { state.inodes[inode]?.changedAt = state.now }
            state.present.names[file.path] = state.present.names.removeValue(forKey: temporary)
            state.touch(file.path)
            state.open[file.handle] = nil
        }
    }

    func remove(_ path: String) {
        state.withLock { state in
            state.present.names[path] = nil
            state.touch(path)
        }
    }

    func removeEmptyDirectory(_ path: String) {
        state.withLock { state in
            let isChild = { (other: String) in other != path && HostPath.parent(other) == path }
            let children = state.present.names.keys.filter(isChild) + state.present.directories.filter(isChild)
            if children.isEmpty { state.present.directories.remove(path) }
        }
    }

    /// False where something has the new name.
    func move(_ path: String, to newPath: String) -> Bool {
        state.withLock { state in
            guard state.present.names[newPath] == nil, !state.present.directories.contains(newPath) else {
                return false
            }
            state.present.move(path, to: newPath)
            state.moves.append((path, newPath))
            return true
        }
    }

    func syncDirectory(_ directory: String) {
        state.withLock { state in
            let isChild = { (path: String) in HostPath.parent(path) == directory }
            // A move is one thing: with either directory it is on the disk as a whole, with all that is below it.
            for (old, new) in state.moves where isChild(old) || isChild(new) { state.durable.move(old, to: new) }
            state.moves.removeAll { isChild($0.0) || isChild($0.1) }
            for path in Set(state.present.names.keys).union(state.durable.names.keys).filter(isChild) {
                state.durable.names[path] = state.present.names[path]
            }
            let gone = state.durable.directories.subtracting(state.present.directories).filter(isChild)
            state.durable.directories.subtract(gone)
            state.durable.directories.formUnion(state.present.directories.filter(isChild))
        }
    }

    /// Takes a lock for a process; false where another one has it.
    package func lock(_ path: String, process: Int) -> Bool {
        state.withLock { state in
            let holder = state.locks[path] ?? process
            state.locks[path] = holder
            return holder == process
        }
    }
}
