import Synchronization

#if canImport(Glibc)
    import Glibc
    private let systemOpen: @Sendable (String, Int32) -> Int32 = { Glibc.open($0, $1) }
    private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = { Glibc.read($0, $1, $2) }
    private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Glibc.write($0, $1, $2) }
#elseif canImport(Musl)
    import Musl
    private let systemOpen: @Sendable (String, Int32) -> Int32 = { Musl.open($0, $1) }
    private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = { Musl.read($0, $1, $2) }
    private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Musl.write($0, $1, $2) }
#endif

/// The files of a real host below a directory where its root is mounted.
///
/// Every part of a path is opened from the one before it (`openat` with `O_NOFOLLOW`), so that a link that is put there
/// meanwhile leads nowhere. A link that was there is resolved by hand, and begins anew at the host's root where it is
/// absolute: in a container `/var/lib/rancher -> /data/rancher` must lead to the host's `/data`.
package final class HostRoot: HostFileSystem {
    private let root: String
    private let locks = Mutex<[String: Int32]>([:])

    /// - Parameter root: such as `/host`, or `/` outside a container.
    package init(_ root: String) {
        self.root = root
    }

    deinit {
        locks.withLock { for descriptor in $0.values { close(descriptor) } }
    }

    package func read(_ path: String, limit: Int, followingLink: Bool) throws(HostError) -> [UInt8]? {
        guard let place = try place(of: path, followingLast: followingLink, "read") else { return nil }
        let descriptor = openat(place.directory.value, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw HostError("read", path, errno)
        }
        let file = Descriptor(descriptor)
        var status = stat()
        guard fstat(file.value, &status) == 0 else { throw HostError("read", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw HostError(.wrongKind, "read", path, "it is not a plain file")
        }
        return try content(of: file, path, limit: limit)
    }

    package func list(_ directory: String) throws(HostError) -> [HostEntry]? {
        guard let opened = try open(directory: directory, "list") else { return nil }
        // closedir closes what fdopendir was given, so that gets a descriptor of its own.
        guard let stream = fdopendir(dup(opened.value)) else { throw HostError("list", directory, errno) }
        defer { closedir(stream) }
        var entries: [HostEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw HostError("list", directory, errno) }
                return entries
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            entries.append(HostEntry(name: name, isDirectory: kind(of: name, in: opened) == S_IFDIR))
        }
    }

    package func hasDirectory(_ path: String) throws(HostError) -> Bool {
        try open(directory: path, "look for") != nil
    }

    package func makeDirectory(_ path: String, mode: UInt32) throws(HostError) -> Bool {
        let place = try existingPlace(of: path, "make")
        if mkdirat(place.directory.value, place.name, mode) == 0 { return true }
        guard errno == EEXIST else { throw HostError("make", path, errno) }
        return false
    }

    package func createTemporary(for path: String) throws(HostError) -> TemporaryFile {
        let place = try existingPlace(of: path, "create")
        let name = HostPath.name(TemporaryFile.temporaryPath(for: path))
        guard unlinkat(place.directory.value, name, 0) == 0 || errno == ENOENT else {
            throw HostError("create", path, errno)
        }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(place.directory.value, name, flags, 0o600)
        guard descriptor >= 0 else { throw HostError("create", path, errno) }
        var owner = stat()
        if fstatat(place.directory.value, place.name, &owner, AT_SYMLINK_NOFOLLOW) == 0,
            owner.st_uid != geteuid() || owner.st_gid != getegid(),
            fchown(descriptor, owner.st_uid, owner.st_gid) != 0
        {
            let fault = errno
            close(descriptor)
            unlinkat(place.directory.value, name, 0)
            throw HostError("keep the owner of", path, fault)
        }
        return TemporaryFile(path: path, handle: descriptor)
    }

    package func write(_ content: [UInt8], to file: TemporaryFile) throws(HostError) {
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(file.handle, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw HostError("write", file.path, errno) }
            rest = rest.dropFirst(count)
        }
    }

    package func sync(_ file: TemporaryFile) throws(HostError) {
        guard fsync(file.handle) == 0 else { throw HostError("sync", file.path, errno) }
    }

    package func rename(_ file: TemporaryFile) throws(HostError) {
        let place = try existingPlace(of: file.path, "rename")
        let name = HostPath.name(TemporaryFile.temporaryPath(for: file.path))
        guard renameat(place.directory.value, name, place.directory.value, place.name) == 0 else {
            throw HostError("rename", file.path, errno)
        }
        close(file.handle)
    }

    package func discard(_ file: TemporaryFile) throws(HostError) {
        close(file.handle)
        try remove(TemporaryFile.temporaryPath(for: file.path))
    }

    package func syncDirectory(_ directory: String) throws(HostError) {
        guard let opened = try open(directory: directory, "sync") else { throw HostError("sync", directory, ENOENT) }
        guard fsync(opened.value) == 0 else { throw HostError("sync", directory, errno) }
    }

    package func remove(_ path: String) throws(HostError) {
        guard let place = try place(of: path, followingLast: false, "remove") else { return }
        guard unlinkat(place.directory.value, place.name, 0) == 0 || errno == ENOENT else {
            throw HostError("remove", path, errno)
        }
    }

    package func lock(_ path: String) throws(HostError) -> Bool {
        if locks.withLock({ $0[path] != nil }) { return true }
        let place = try existingPlace(of: path, "lock")
        let flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(place.directory.value, place.name, flags, 0o600)
        guard descriptor >= 0 else { throw HostError("lock", path, errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let fault = errno
            close(descriptor)
            guard fault == EWOULDBLOCK else { throw HostError("lock", path, fault) }
            return false
        }
        locks.withLock { $0[path] = descriptor }
        return true
    }
}

extension HostRoot {
    /// An open file that is closed with its value.
    final class Descriptor {
        let value: Int32

        init(_ value: Int32) { self.value = value }

        deinit { close(value) }
    }

    /// A directory and a name in it that is no link, or is not to be followed.
    private struct Place {
        var directory: Descriptor
        var name: String
    }

    private func content(of file: Descriptor, _ path: String, limit: Int) throws(HostError) -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = systemRead(file.value, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw HostError("read", path, errno) }
            guard count > 0 else { return content }
            content += buffer[..<count]
            guard content.count <= limit else {
                throw HostError(.tooLarge, "read", path, "it is larger than \(limit) bytes")
            }
        }
    }

    private func kind(of name: String, in directory: Descriptor) -> mode_t {
        var status = stat()
        guard fstatat(directory.value, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return 0 }
        return status.st_mode & S_IFMT
    }

    func open(directory path: String, _ operation: String) throws(HostError) -> Descriptor? {
        // The name "." makes the walk go through the whole path.
        try place(of: "\(path)/.", followingLast: true, operation)?.directory
    }

    private func existingPlace(of path: String, _ operation: String) throws(HostError) -> Place {
        guard let place = try place(of: path, followingLast: false, operation) else {
            throw HostError(operation, path, ENOENT)
        }
        return place
    }

    /// Walks to the directory of the last part; nil where a part is absent.
    private func place(of path: String, followingLast: Bool, _ operation: String) throws(HostError) -> Place? {
        let top = systemOpen(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard top >= 0 else { throw HostError(operation, root, errno) }
        var directories = [Descriptor(top)]
        var parts = Self.parts(of: path)
        var links = 0
        while let part = parts.popLast() {
            let current = directories[directories.count - 1]
            if part == ".." {
                if directories.count > 1 { directories.removeLast() }
                continue
            }
            let isLast = parts.isEmpty
            if part == "." {
                if isLast { return Place(directory: current, name: part) }
                continue
            }
            if (!isLast || followingLast), kind(of: part, in: current) == S_IFLNK {
                links += 1
                guard links <= 40 else { throw HostError(.symbolicLink, operation, path, "too many symbolic links") }
                let target = try target(of: part, in: current, path, operation)
                if target.hasPrefix("/") { directories.removeSubrange(1...) }
                parts += Self.parts(of: target)
                continue
            }
            if isLast { return Place(directory: current, name: part) }
            let next = openat(current.value, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else {
                if errno == ENOENT { return nil }
                throw HostError(operation, path, errno)
            }
            directories.append(Descriptor(next))
        }
        return Place(directory: directories[directories.count - 1], name: ".")
    }

    /// The parts of a path, the first one last.
    private static func parts(of path: String) -> [String] {
        path.split(separator: "/").map(String.init).reversed()
    }

    private func target(
        of name: String,
        in directory: Descriptor,
        _ path: String,
        _ operation: String
    ) throws(HostError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlinkat(directory.value, name, $0, bytes.count) } ?? 0
        }
        guard count > 0 else { throw HostError(operation, path, errno) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

extension HostError {
    init(_ operation: String, _ path: String, _ number: Int32) {
        let code: Code =
            switch number {
            case ENOSPC, EDQUOT: .noSpace
            case EROFS: .readOnly
            case EACCES, EPERM: .notPermitted
            case ELOOP: .symbolicLink
            case ENOTDIR, EISDIR: .wrongKind
            default: .failed
            }
        self.init(code, operation, path, String(cString: strerror(number)))
    }
}
