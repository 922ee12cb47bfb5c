public import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where configuration files and tokens are read from; tests put a dictionary here.
public protocol ConfigurationFiles: Sendable {
    /// The content of a file, nil where there is none.
    ///
    /// - Throws: `KubeError` with code `configuration` where there is a file that cannot be read.
    func contents(of path: String) throws(KubeError) -> [UInt8]?
}

/// The files of this machine.
public struct SystemFiles: ConfigurationFiles {
    private let sizeLimit: Int

    /// Creates the reader.
    ///
    /// - Parameter sizeLimit: bytes of the longest file that is read; no configuration or token is longer than what
    ///   stands here.
    public init(sizeLimit: Int = 16 << 20) {
        self.sizeLimit = sizeLimit
    }

    /// The content of a file or of a pipe, nil where there is none.
    ///
    /// - Throws: `KubeError` with code `configuration`, which names the path and the system's reason.
    public func contents(of path: String) throws(KubeError) -> [UInt8]? {
        try checkKind(of: path)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Self.failure(path)
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= sizeLimit else {
                throw KubeError(.configuration, "\(path) is longer than \(sizeLimit) bytes")
            }
        }
    }

    /// To open a device may do something by itself, and some never end.
    private func checkKind(of path: String) throws(KubeError) {
        var status = stat()
        // What can't be looked at can't be opened either, and that says why.
        guard stat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFCHR, S_IFBLK: throw KubeError(.configuration, "\(path) cannot be read: it is a device and no file")
        case S_IFSOCK: throw KubeError(.configuration, "\(path) cannot be read: it is a socket and no file")
        default: return
        }
    }

    private static func failure(_ path: String) -> KubeError {
        KubeError(.configuration, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
