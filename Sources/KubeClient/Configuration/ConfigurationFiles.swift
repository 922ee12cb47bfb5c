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
    /// No configuration or token is longer; a path that leads to a device would never end.
    private static let sizeLimit = 16 << 20

    /// Creates the reader.
    public init() {}

    /// The content of a file, nil where there is none.
    ///
    /// - Throws: `KubeError` with code `configuration`, which names the path and the system's reason.
    public func contents(of path: String) throws(KubeError) -> [UInt8]? {
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
            guard bytes.count <= Self.sizeLimit else {
                throw KubeError(.configuration, "\(path) is longer than \(Self.sizeLimit) bytes")
            }
        }
    }

    private static func failure(_ path: String) -> KubeError {
        KubeError(.configuration, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
