import KubeCore

@testable import KubeClient
@testable import MirrorPlanner
@testable import Telemetry

/// What comes over sockets.
enum WireTargets {
    private static let limits: ServerLimits = {
        var limits = ServerLimits()
        (limits.line, limits.headers, limits.fields, limits.requests) = (200, 300, 8, 5)
        return limits
    }()

    private static let page = WireAnswer(TelemetryEndpoints.Answer(status: 200, contentType: "a", body: "ok\n"))

    /// What a stranger sends to the port of metrics and health. Where it is cut decides nothing.
    static func http(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let whole = decisions([bytes[...]])
        let cut = decisions(Array(Pieces(of: bytes)))
        guard whole == cut else { return .wrong("what is answered depends on where it was cut") }
        let isRead = whole.contains { if case .request = $0 { true } else { false } }
        return converse(bytes).map { .wrong($0) } ?? .read(if: isRead)
    }

    private static func decisions(_ pieces: [ArraySlice<UInt8>]) -> [RequestParser.Decision] {
        var parser = RequestParser(limits)
        var decisions: [RequestParser.Decision] = []
        for var piece in pieces {
            while !piece.isEmpty {
                let decision = parser.read(&piece)
                switch decision {
                case .unfinished: break
                case .request(let request):
                    _ = (request.path, request.query)
                    decisions.append(decision)
                case .refused: return decisions + [decision]
                }
            }
        }
        return decisions
    }

    /// A whole connection; what is wrong about it.
    private static func converse(_ bytes: [UInt8]) -> String? {
        let now = ContinuousClock.now
        var conversation = Conversation(limits, at: now)
        for piece in Pieces(of: bytes) {
            var action = conversation.received(Array(piece), at: now)
            for _ in 0...piece.count {
                switch action {
                case .close: return nil
                case .answer(let request): conversation.answer(page, to: request, at: now)
                case .wait, .finish: break
                }
                var sent = 0
                while conversation.phase == .answering {
                    _ = conversation.sent(min(9, conversation.outgoing.count), at: now)
                    sent += 1
                    if sent > 1_000 { return "an answer does not end" }
                }
                guard conversation.hasMore else { break }
                action = conversation.next(at: now)
            }
            if conversation.hasMore { return "more requests than bytes" }
        }
        _ = conversation.expire(at: now)
        return nil
    }

    /// Heads of HTTP answers, and frames and trailers of gRPC.
    static func answer(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        var parser = ResponseHeadParser()
        var head: ResponseHead?
        var trailers = GRPCHead()
        for line in lines {
            head = parser.push(line + [0x0D, 0x0A]) ?? head
            trailers.push(line + [0x0D, 0x0A])
        }
        _ = (trailers.verdict(hasMessage: true), trailers.verdict(hasMessage: false))
        var reader = GRPCFrameReader(limit: 300)
        let pieces = Array(Pieces(of: bytes))
        let message = try? { () throws(GRPCFrameReader.Fault) -> [UInt8]? in
            for piece in pieces { try reader.push(Array(piece)) }
            return try reader.end()
        }()
        return .read(if: head != nil || message != nil)
    }

    /// Messages of Dragonfly and of the health service, of which the first byte chooses one.
    static func protobuf(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let content = Array(bytes.dropFirst())
        return switch (bytes.first ?? 0) % 7 {
        case 0: message(DragonflyHost.self, content)
        case 1: message(DragonflyHostList.self, content)
        case 2: message(DragonflyLocalTask.self, content)
        case 3: message(DragonflySchedulerList.self, content)
        case 4: message(GRPCHealthAnswer.self, content)
        case 5: message(ProtobufDuration.self, content)
        default: fields(content)
        }
    }

    /// It is written as it is read; by bytes, for what is no number is not equal to itself.
    private static func message<Message: ProtobufMessage>(_: Message.Type, _ bytes: [UInt8]) -> FuzzTarget.Outcome {
        guard let read = try? Message(protobuf: bytes) else { return .refused }
        let written = read.protobuf
        guard let again = try? Message(protobuf: written) else { return .wrong("\(Message.self) can't be read again") }
        return again.protobuf == written ? .read : .wrong("\(Message.self) reads otherwise than it was written")
    }

    /// Follows every field that may be a message.
    private static func fields(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        func walk(_ reader: inout ProtobufReader) throws(KubeError) {
            while let field = try reader.next() {
                guard var inner = try field.message() else { continue }
                // Most bytes are no message, and that is no fault of the outer one.
                do throws(KubeError) { try walk(&inner) } catch { continue }
            }
        }
        do throws(KubeError) {
            var reader = try ProtobufReader(bytes)
            try walk(&reader)
            return .read
        } catch {
            return .refused
        }
    }
}
