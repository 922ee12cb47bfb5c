#if canImport(Glibc)
    import Glibc
    private let systemOpen: @Sendable (String, Int32) -> Int32 = { Glibc.open($0, $1) }
#elseif canImport(Musl)
    import Musl
    private let systemOpen: @Sendable (String, Int32) -> Int32 = { Musl.open($0, $1) }
#endif

/// The way to a file, part by part, so that no link leads out of the root.
extension HostRoot {
    /// An open file that is closed with its value.
    final class Descriptor {
        let value: Int32

        init(_ value: Int32) { self.value = value }

        deinit { if value >= 0 { close(value) } }
    }

    /// A directory and a name in it that is no link, or is not to be followed.
    struct Place {
        var directory: Descriptor
        var name: String
    }

    func kind(of name: String, in directory: Descriptor) -> mode_t {
        var status = stat()
        guard fstatat(directory.value, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return 0 }
        return status.st_mode & S_IFMT
    }

    func open(directory path: String, _ operation: String) throws(HostError) -> Descriptor? {
        // The name "." makes the walk go through the whole path.
        try place(of: "\(path)/.", followingLast: true, operation)?.directory
    }

    func existingPlace(of path: String, _ operation: String) throws(HostError) -> Place {
        guard let place = try place(of: path, followingLast: false, operation) else {
            throw HostError(operation, path, ENOENT)
        }
        return place
    }

    /// Walks to the directory of the last part; nil where a part is absent.
    func place(of path: String, followingLast: Bool, _ operation: String) throws(HostError) -> Place? {
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
