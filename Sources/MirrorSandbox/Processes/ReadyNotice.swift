import Glibc
package import KubeCore

/// Tells the service manager that a service is ready, as `sd_notify(3)` does: a datagram of text to the socket that
/// `NOTIFY_SOCKET` names.
package enum ReadyNotice {
    /// - Parameter socket: a path, or a name that begins with `@` and stands for one in the abstract namespace.
    /// - Throws: `KubeError` with code `configuration` where the datagram can't be sent.
    package static func send(to socket: String) throws(KubeError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = socket.hasPrefix("@") ? [0] + socket.utf8.dropFirst() : Array(socket.utf8)
        guard !name.isEmpty, name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw KubeError(.configuration, "NOTIFY_SOCKET=\(socket) is no address of a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + name.count } ?? 0)
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(socket) }
        defer { close(descriptor) }
        let text = Array("READY=1".utf8)
        let sent = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { pointer in
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), pointer.baseAddress, length)
            }
        }
        guard sent == text.count else { throw failure(socket) }
    }

    private static func failure(_ socket: String) -> KubeError {
        KubeError(.configuration, "NOTIFY_SOCKET=\(socket): \(String(cString: strerror(errno)))")
    }
}
