import Glibc

/// A UDP socket of loopback whose calls block, each for a short while at most.
struct UDPSocket: Sendable {
    private let file: Int32
    /// The port that it is bound to.
    let port: UInt16

    /// Opens a socket on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - milliseconds: how long `receive` waits.
    /// - Throws: `ScenarioFailure` where there is none to be had.
    init(waitingFor milliseconds: Int) throws {
        file = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var wait = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        var address = Self.loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, length) = (file, size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) | getsockname(descriptor, address, &size)
            }
        }
        guard file >= 0, code == 0 else { throw ScenarioFailure("no UDP socket on 127.0.0.1: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
    }

    private static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// The next datagram and the port that it is from; nil where none came in time.
    func receive() -> (bytes: [UInt8], port: UInt16)? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                recvfrom(file, &buffer, buffer.count, 0, address, &size)
            }
        }
        return count < 0 ? nil : (Array(buffer.prefix(count)), UInt16(bigEndian: address.sin_port))
    }

    /// Sends a datagram to a port of loopback.
    func send(_ bytes: [UInt8], to port: UInt16) {
        var address = Self.loopback(port: port)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                sendto(file, bytes, bytes.count, 0, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func close() { Glibc.close(file) }
}
