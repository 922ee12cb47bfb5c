import KubeCore

/// A probe's `grpc.health.v1.Health/Check`: what is sent, and what an answer amounts to.
///
/// Source: grpc `doc/health-checking.md`.
package enum GRPCHealth {
    package static let path = "/grpc.health.v1.Health/Check"

    /// Bytes of the longest answer that is read: a status has two.
    package static let answerLimit = 4096

    /// The request as it goes over the wire: a frame with the name of the service.
    package static func request(service: String) -> [UInt8] {
        // A name of 4 GiB is none.
        GRPCFrame.encoded(GRPCHealthQuery(service: service).protobuf) ?? []
    }

    /// What an answer amounts to.
    ///
    /// - Parameters:
    ///   - code: the value of `grpc-status`, from the trailers or, where there was no message, from the head.
    ///   - body: all frames that came.
    /// - Returns: nil where the service is serving, or has too much to do to say so; else what it says instead.
    package static func fault(code: Int?, body: [UInt8]) -> (isAnswer: Bool, message: String)? {
        guard let code else { return (false, "the answer has no grpc-status") }
        // Servers limit the rate of health checks with that of all calls: who says that it has too much to do lives,
        // and to take it out would move its load to the others.
        guard code != GRPCCode.resourceExhausted.rawValue else { return nil }
        guard code == 0 else {
            let name = GRPCCode(rawValue: code)?.name ?? "unknown"
            return (true, "the health check was answered with gRPC status \(code) (\(name))")
        }
        guard let answer = answer(in: body) else { return (false, "the answer is no HealthCheckResponse") }
        guard answer.status != .serving else { return nil }
        return (true, "the service is not serving: \(answer.status?.name ?? "status \(answer.number)")")
    }

    private static func answer(in body: [UInt8]) -> GRPCHealthAnswer? {
        var reader = GRPCFrameReader(limit: answerLimit)
        guard (try? reader.push(body)) != nil, let message = try? reader.end() else { return nil }
        return try? GRPCHealthAnswer(protobuf: message)
    }
}
