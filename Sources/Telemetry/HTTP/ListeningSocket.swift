import KubeCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A socket that listens from its making to `close`.
final class ListeningSocket: Sendable {
    /// The port that is listened at.
    let port: UInt16
    private let file: Mutex<Int32?>

    /// Connections that the system holds for us. Whoever comes when they are as many comes again after a second, and
    /// many that come at once would make a probe wait for that.
    private static let backlog: Int32 = 1_024

    /// - Throws: `KubeError` with code `configuration` where `address` is no IP address, is taken, or not of this
    ///   machine.
    init(_ address: BindAddress) throws(KubeError) {
        var storage = try Self.socketAddress(address)
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let file = socket(Int32(storage.ss_family), flags, 0)
        guard file >= 0 else { throw Self.failure(address, errno) }
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> Int32 in
                var yes: Int32 = 1
                let length =
                    pointer.pointee.sa_family == sa_family_t(AF_INET6)
                    ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
                // Connections of the process before us may still be ending.
                setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
                guard bind(file, pointer, socklen_t(length)) == 0, listen(file, Self.backlog) == 0 else { return errno }
                return getsockname(file, pointer, &size) == 0 ? 0 : errno
            }
        }
        guard code == 0 else {
            Glibc.close(file)
            throw Self.failure(address, code)
        }
        port = Self.port(of: storage)
        self.file = Mutex(file)
    }

    deinit { close() }

    /// The descriptor; nil once it is closed.
    var descriptor: Int32? { file.withLock { $0 } }

    func close() {
        file.withLock { file in
            if let file { Glibc.close(file) }
            file = nil
        }
    }

    private static func failure(_ address: BindAddress, _ code: Int32) -> KubeError {
        let advice = "end that one, or choose another address by --http-bind"
        if code == EADDRINUSE {
            return KubeError(.configuration, "\(address), for /metrics and /healthz, is taken by a process: \(advice)")
        }
        let reason = String(cString: strerror(code))
        return KubeError(.configuration, "\(address), for /metrics and /healthz, can not be listened at: \(reason)")
    }

    private static func socketAddress(_ address: BindAddress) throws(KubeError) -> sockaddr_storage {
        var storage = sockaddr_storage()
        var code: Int32 = 0
        if address.host.contains(":") {
            var ip = sockaddr_in6()
            ip.sin6_family = sa_family_t(AF_INET6)
            ip.sin6_port = address.port.bigEndian
            code = inet_pton(AF_INET6, address.host, &ip.sin6_addr)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: ip, as: sockaddr_in6.self) }
        } else {
            var ip = sockaddr_in()
            ip.sin_family = sa_family_t(AF_INET)
            ip.sin_port = address.port.bigEndian
            code = inet_pton(AF_INET, address.host, &ip.sin_addr)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: ip, as: sockaddr_in.self) }
        }
        guard code == 1 else { throw BindAddress.wrong(address.description) }
        return storage
    }

    private static func port(of storage: sockaddr_storage) -> UInt16 {
        withUnsafeBytes(of: storage) { bytes in
            let number =
                storage.ss_family == sa_family_t(AF_INET6)
                ? bytes.load(as: sockaddr_in6.self).sin6_port : bytes.load(as: sockaddr_in.self).sin_port
            return UInt16(bigEndian: number)
        }
    }
}
