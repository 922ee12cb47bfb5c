import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
    private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = { Glibc.read($0, $1, $2) }
    private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Glibc.write($0, $1, $2) }
#elseif canImport(Musl)
    import Musl
    private let systemRead: @Sendable (Int32, UnsafeMutableRawPointer?, Int) -> Int = { Musl.read($0, $1, $2) }
    private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Musl.write($0, $1, $2) }
#endif

/// The files of a real host below a directory where its root is mounted.
///
/// Every part of a path is opened from the one before it (`openat` with `O_NOFOLLOW`), so that a link that is put there
/// meanwhile leads nowhere. A link that was there is resolved by hand, and begins anew at the host's root where it is
/// absolute: in a container `/var/lib/rancher -> /data/rancher` must lead to the host's `/data`.
package final class HostRoot: HostFileSystem {
    let root: String
    private let label: String
    private let locks = Mutex<[String: Int32]>([:])

    /// - Parameters:
    ///   - root: such as `/host`, or `/` outside a container.
    ///   - label: extended attribute that a new file takes over from the one whose place it takes, or from its
    ///     directory.
    package init(_ root: String, label: String = "security.selinux") {
        self.root = root
        self.label = label
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

    package func attributes(_ path: String) throws(HostError) -> FileAttributes? {
        guard let place = try place(of: path, followingLast: false, "look at") else { return nil }
        var status = stat()
        guard fstatat(place.directory.value, place.name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw HostError("look at", path, errno)
        }
        return FileAttributes(
            isLink: status.st_mode & S_IFMT == S_IFLNK,
            changedAt: Timestamp(seconds: Int64(status.st_ctim.tv_sec))
        )
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
        do throws(HostError) {
            try keepAttributes(of: place, path, on: descriptor)
        } catch {
            close(descriptor)
            unlinkat(place.directory.value, name, 0)
            throw error
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

    package func removeDirectory(_ path: String) throws(HostError) {
        guard let place = try place(of: path, followingLast: false, "remove") else { return }
        guard
            unlinkat(place.directory.value, place.name, AT_REMOVEDIR) == 0
                || [ENOENT, ENOTEMPTY, EEXIST].contains(errno)
        else { throw HostError("remove", path, errno) }
    }

    package func move(_ path: String, to newPath: String) throws(HostError) {
        guard let old = try place(of: path, followingLast: false, "move") else { return }
        let new = try existingPlace(of: newPath, "move")
        // Nobody but us is to make that name meanwhile; whoever does it all the same loses a file, and no directory.
        guard kind(of: new.name, in: new.directory) == 0 else { throw HostError("move", newPath, EEXIST) }
        guard renameat(old.directory.value, old.name, new.directory.value, new.name) == 0 || errno == ENOENT else {
            throw HostError("move", path, errno)
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
    /// Gives a new file what the one has whose place it is to take, so that whoever could read that can read it, too.
    private func keepAttributes(of place: Place, _ path: String, on file: Int32) throws(HostError) {
        let old = Descriptor(openat(place.directory.value, place.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC))
        var status = stat()
        if old.value >= 0 {
            guard fstat(old.value, &status) == 0 else { throw HostError("look at", path, errno) }
            if status.st_uid != geteuid() || status.st_gid != getegid(),
                fchown(file, status.st_uid, status.st_gid) != 0
            {
                throw HostError("keep the owner of", path, errno)
            }
            guard fchmod(file, status.st_mode & 0o777) == 0 else { throw HostError("keep the mode of", path, errno) }
        } else if errno != ENOENT && errno != ELOOP {
            throw HostError("look at", path, errno)
        }
        try FileLabel(label).keep(
            of: old.value >= 0 ? old.value : place.directory.value,
            on: file,
            { number in HostError("keep the SELinux label of", path, number) }
        )
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
