/// The two messages of `grpc.health.v1.Health/Check` and the frame around them, by hand: they have one field each.
///
/// Sources: grpc `doc/health-checking.md` and `doc/PROTOCOL-HTTP2.md`; the encoding is that of protocol buffers.
package enum GRPCHealth {
    package static let path = "/grpc.health.v1.Health/Check"

    /// Bytes of the longest answer that is read: a status has two.
    package static let answerLimit = 4096

    /// The names of `HealthCheckResponse.ServingStatus`.
    private static let statusNames = [0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"]

    /// Names of the codes that a health check meets; grpc `doc/statuscodes.md`.
    private static let codeNames = [
        1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND",
        7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE",
        16: "UNAUTHENTICATED",
    ]

    /// The request as it goes over the wire: a frame with the name of the service, field 1.
    package static func request(service: String) -> [UInt8] {
        let name = Array(service.utf8)
        let message = name.isEmpty ? [] : [0x0A] + varint(UInt64(name.count)) + name
        let length = UInt32(message.count)
        return [0] + (0..<4).reversed().map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + message
    }

    /// What an answer amounts to.
    ///
    /// - Parameters:
    ///   - code: the value of `grpc-status`, from the trailers or, where there was no message, from the head.
    ///   - body: all frames that came.
    /// - Returns: nil where the service is serving, else what it says instead.
    package static func fault(code: Int?, body: [UInt8]) -> (isAnswer: Bool, message: String)? {
        guard let code else { return (false, "the answer has no grpc-status") }
        guard code == 0 else {
            let name = codeNames[code] ?? "unknown"
            return (true, "the health check was answered with gRPC status \(code) (\(name))")
        }
        guard let status = status(in: body) else { return (false, "the answer is no HealthCheckResponse") }
        guard status != 1 else { return nil }
        return (true, "the service is not serving: \(statusNames[status] ?? "status \(status)")")
    }

    /// `status` of a HealthCheckResponse, field 1, 0 where it is left out; nil where that can't be read.
    static func status(in body: [UInt8]) -> Int? {
        guard body.count >= 5, body[0] == 0 else { return nil }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard body.count == 5 + length else { return nil }
        var rest = body[5...]
        var status = 0
        while !rest.isEmpty {
            guard let tag = readVarint(&rest) else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = readVarint(&rest), value <= UInt64(Int32.max) else { return nil }
                if tag >> 3 == 1 { status = Int(value) }
            case 1, 5:
                let size = tag & 7 == 1 ? 8 : 4
                guard rest.count >= size else { return nil }
                rest.removeFirst(size)
            case 2:
                guard let size = readVarint(&rest), size <= UInt64(rest.count) else { return nil }
                rest.removeFirst(Int(size))
            default: return nil
            }
        }
        return status
    }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func readVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        return nil
    }
}
