import FlyingSocks
import Glibc
import KubeCore

/// Unary gRPC calls of the simulated daemons among each other: a connection each, without TLS.
struct PlainGRPC: GRPCTransport {
    init() {}

    func call(_ request: GRPCRequest) async -> GRPCOutcome {
        await withTaskGroup(of: GRPCOutcome.self) { group in
            group.addTask { await Self.make(request) }
            group.addTask {
                try? await Task.sleep(for: request.timeout)
                let isOurs = Task.isCancelled
                return .failed(Self.fault(isOurs ? .cancelled : .timeout, request, "timed out"))
            }
            let first = await group.next() ?? .failed(Self.fault(.cancelled, request, "cancelled"))
            group.cancelAll()
            return first
        }
    }

    private static func fault(_ kind: GRPCFault.Kind, _ request: GRPCRequest, _ message: String) -> GRPCFault {
        GRPCFault(kind, address: request.address, message: message)
    }

    private static func make(_ request: GRPCRequest) async -> GRPCOutcome {
        let socket: AsyncSocket
        do {
            let address = try sockaddr_in.inet(ip4: request.host, port: UInt16(clamping: request.port))
            socket = try await AsyncSocket.connected(to: address, timeout: 60)
        } catch {
            return .failed(fault(.connection, request, "tcp connect error: \(error)"))
        }
        defer { try? socket.close() }
        do {
            try await socket.write(bytes: HTTP2Call.beginning(request))
            var call = HTTP2Call()
            while true {
                let bytes = try await socket.read(atMost: 4_096)
                guard !bytes.isEmpty else { return .failed(fault(.interrupted, request, "the connection ended")) }
                let (answer, result) = try call.receive(bytes)
                if let result { return outcome(result, request) }
                if !answer.isEmpty { try await socket.write(bytes: answer) }
            }
        } catch let error as HTTP2Fault {
            return .failed(fault(.protocolViolation, request, error.message))
        } catch {
            return .failed(fault(.interrupted, request, "\(error)"))
        }
    }

    private static func outcome(_ result: HTTP2Call.Result, _ request: GRPCRequest) -> GRPCOutcome {
        let status = result.fields.last { $0.name == "grpc-status" }.flatMap { Int($0.value) }
        let words = result.fields.last { $0.name == "grpc-message" }?.value ?? ""
        let code = status.flatMap { GRPCCode(rawValue: $0) } ?? .unknown
        guard code == .ok else {
            return .failed(fault(.status(code), request, HTTP2Call.unescaped(words)))
        }
        guard result.body.count >= 5, result.body[0] == 0,
            result.body.count - 5 == Int(HTTP2Frame.number(result.body[1..<5]))
        else { return .failed(fault(.protocolViolation, request, "the answer is no message")) }
        return .answered(Array(result.body[5...]))
    }
}

/// The client's side of a connection with one stream.
struct HTTP2Call {
    /// What came.
    struct Result {
        var fields: [HTTP2Field] = []
        var body: [UInt8] = []
    }

    private var reader = HTTP2FrameReader()
    private var decoder = HPACKDecoder()
    private var block: [UInt8] = []
    private var endsWithBlock = false
    private var result = Result()

    /// All that a call says: a preface, settings with large windows, and the request.
    static func beginning(_ request: GRPCRequest) -> [UInt8] {
        let fields = [
            HTTP2Field(":method", "POST"), HTTP2Field(":scheme", "http"), HTTP2Field(":path", request.path),
            HTTP2Field(":authority", request.address), HTTP2Field("content-type", "application/grpc"),
            HTTP2Field("te", "trailers"),
        ]
        let largest = HTTP2Frame.number(0x7FFF_FFFF)
        let message = [0] + HTTP2Frame.number(UInt32(request.message.count)) + request.message
        let frames = [
            HTTP2Frame(.settings, payload: [0, 4] + largest),
            HTTP2Frame(.windowUpdate, payload: HTTP2Frame.number(0x7FFF_0000)),
            HTTP2Frame(
                .headers,
                flags: HTTP2Frame.endHeaders,
                stream: 1,
                payload: HPACKEncoder.encode(fields)
            ),
        ]
        // Requests of daemons are smaller than any window.
        let data = stride(from: 0, to: message.count, by: HTTP2Frame.standardSize).map { start in
            let end = min(start + HTTP2Frame.standardSize, message.count)
            return HTTP2Frame(
                .data,
                flags: end == message.count ? HTTP2Frame.endStream : 0,
                stream: 1,
                payload: Array(message[start..<end])
            )
        }
        return HTTP2Connection.preface + (frames + data).flatMap(\.bytes)
    }

    /// Takes what came; bytes to send, and the result once it is complete.
    mutating func receive(_ bytes: [UInt8]) throws(HTTP2Fault) -> (answer: [UInt8], result: Result?) {
        reader.add(bytes)
        var answer: [UInt8] = []
        while let frame = try reader.next() {
            switch frame.kind {
            case .settings where !frame.has(HTTP2Frame.acknowledge):
                answer += HTTP2Frame(.settings, flags: HTTP2Frame.acknowledge).bytes
            case .ping where !frame.has(HTTP2Frame.acknowledge):
                answer += HTTP2Frame(.ping, flags: HTTP2Frame.acknowledge, payload: frame.payload).bytes
            case .headers:
                block = Array(frame.unpadded ?? [])
                endsWithBlock = frame.has(HTTP2Frame.endStream)
                if try takeBlock(frame) { return (answer, result) }
            case .continuation:
                block += frame.payload
                if try takeBlock(frame) { return (answer, result) }
            case .data:
                result.body += frame.unpadded ?? []
                if frame.has(HTTP2Frame.endStream) { return (answer, result) }
            case .reset: throw HTTP2Fault(.cancel, "the stream was reset")
            case .goAway: throw HTTP2Fault(.refusedStream, "the server goes away")
            default: break
            }
        }
        return (answer, nil)
    }

    /// Whether the stream ends with the block.
    private mutating func takeBlock(_ frame: HTTP2Frame) throws(HTTP2Fault) -> Bool {
        guard frame.has(HTTP2Frame.endHeaders) else { return false }
        result.fields += try decoder.decode(block)
        return endsWithBlock
    }

    static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == 0x25, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
