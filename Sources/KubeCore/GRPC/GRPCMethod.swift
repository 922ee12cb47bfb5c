/// One unary method: where it is, what it takes and what it gives.
public struct GRPCMethod<Request: ProtobufWritable, Answer: ProtobufMessage>: Hashable, Sendable {
    /// `/package.Service/Method`.
    public let path: String

    /// Names a method.
    public init(_ path: String) {
        self.path = path
    }

    /// The call of it at a server.
    public func request(
        _ message: Request,
        host: String,
        port: Int,
        timeout: Duration,
        security: GRPCRequest.Security = .plaintext
    ) -> GRPCRequest {
        GRPCRequest(
            host: host,
            port: port,
            path: path,
            message: message.protobuf,
            timeout: timeout,
            security: security
        )
    }

    /// What an outcome of that call says.
    ///
    /// - Throws: the fault; with kind `protocolViolation` or `tooLarge` where the answer is no such message.
    public func answer(_ outcome: GRPCOutcome, to request: GRPCRequest) throws(GRPCFault) -> Answer {
        switch outcome {
        case .failed(let fault): throw fault
        case .answered(let bytes):
            do throws(KubeError) {
                return try Answer(protobuf: bytes, atMost: request.answerLimit)
            } catch {
                let kind: GRPCFault.Kind = error.code == .tooLarge ? .tooLarge : .protocolViolation
                throw GRPCFault(kind, address: request.address, message: error.message)
            }
        }
    }
}

extension GRPCTransport {
    /// Makes one call of a method, and reads its answer.
    ///
    /// - Throws: the fault.
    public func call<Request, Answer>(
        _ method: GRPCMethod<Request, Answer>,
        _ message: Request,
        host: String,
        port: Int,
        timeout: Duration,
        security: GRPCRequest.Security = .plaintext
    ) async throws(GRPCFault) -> Answer {
        let request = method.request(message, host: host, port: port, timeout: timeout, security: security)
        return try method.answer(await call(request), to: request)
    }
}
