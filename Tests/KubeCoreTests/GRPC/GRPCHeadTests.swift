import KubeCore
import Testing

@Suite("Heads and trailers of gRPC")
struct GRPCHeadTests {
    private static func verdict(_ lines: [String], hasMessage: Bool) -> GRPCHead.Verdict {
        var head = GRPCHead()
        for line in lines { head.push((line + "\r\n").utf8) }
        return head.verdict(hasMessage: hasMessage)
    }

    private static let begin = ["HTTP/2 200", "content-type: application/grpc"]

    @Test("The status is that of the trailers")
    func trailers() {
        let lines = Self.begin + ["", "grpc-status: 0"]
        #expect(Self.verdict(lines, hasMessage: true) == .status(.ok, ""))
        #expect(Self.verdict(lines + ["grpc-message: a%20b", ""], hasMessage: true) == .status(.ok, "a b"))
        let both = Self.begin + ["Grpc-Status: 0", "", "GRPC-STATUS:5 ", "grpc-message:\tgone\t"]
        #expect(Self.verdict(both, hasMessage: true) == .status(.notFound, "gone"))
        #expect(Self.verdict(both, hasMessage: false) == .status(.notFound, "gone"))
    }

    @Test("Where there is no message, the status may stand in the head")
    func trailersOnly() {
        let lines = Self.begin + ["grpc-status: 14", "grpc-message: away", ""]
        #expect(Self.verdict(lines, hasMessage: false) == .status(.unavailable, "away"))
    }

    @Test("A status before a message is none: the answer may have been cut short behind it")
    func statusBeforeMessage() {
        let lines = Self.begin + ["grpc-status: 0", ""]
        #expect(Self.verdict(lines, hasMessage: true) == .none("the answer ended without a grpc-status"))
    }

    @Test(
        "An answer without a status is never OK, and says what it is instead",
        arguments: [
            ([], "the answer is not HTTP"), (["grpc-status: 0"], "the answer is not HTTP"),
            (begin + [""], "the answer ended without a grpc-status"),
            (["HTTP/2 200", ""], "the answer has no content type, where gRPC has application/grpc"),
            (["HTTP/2 200", "content-type: text/html"], "the answer is text/html, where gRPC has application/grpc"),
            (["HTTP/2 503", "content-type: text/plain", ""], "HTTP status 503 where gRPC answers with 200"),
            (begin + ["", "grpc-status: "], "its grpc-status is no number"),
            (begin + ["", "grpc-status: -1"], "its grpc-status is no number"),
            (begin + ["", "grpc-status: 0x"], "its grpc-status is no number"),
            (begin + ["", "grpc-status: 99999999999999999999"], "its grpc-status is no number"),
        ] as [([String], String)]
    )
    func missing(lines: [String], why: String) {
        #expect(Self.verdict(lines, hasMessage: false) == .none(why))
    }

    @Test("A code that has no name yet is UNKNOWN")
    func laterCode() {
        let lines = Self.begin + ["grpc-status: 17", "grpc-message: new"]
        #expect(Self.verdict(lines, hasMessage: false) == .status(.unknown, "status 17: new"))
    }

    @Test("A status counts whatever HTTP says, and an interim answer is passed over")
    func otherHeads() {
        let proxy = ["HTTP/2 502", "content-type: text/html", "grpc-status: 14", ""]
        #expect(Self.verdict(proxy, hasMessage: false) == .status(.unavailable, ""))
        let interim = ["HTTP/2 103", "grpc-status: 0", ""] + Self.begin + ["", "grpc-status: 8"]
        #expect(Self.verdict(interim, hasMessage: true) == .status(.resourceExhausted, ""))
    }

    @Test(
        "Messages are decoded, and what is no encoding stays",
        arguments: [
            ("", ""), ("a%20b", "a b"), ("%C3%9C", "Ü"), ("%c3%9c", "Ü"), ("100%", "100%"), ("%2", "%2"),
            ("%zz%41", "%zzA"), ("%+1%-1", "%+1%-1"), ("%FF", "\u{FFFD}"), ("%25", "%"), ("%252541", "%2541"),
        ]
    )
    func decoding(encoded: String, text: String) {
        #expect(GRPCStatusMessage.decoded(encoded.utf8) == text)
    }

    @Test("What is encoded is decoded again", arguments: ["", "a b~", "Größe 100 %", "\r\n\u{0}\u{7F}", "キャッシュ🙂"])
    func roundTrip(text: String) {
        let encoded = GRPCStatusMessage.encoded(text)
        #expect(encoded.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(GRPCStatusMessage.decoded(encoded.utf8) == text)
    }

    @Test("A fault's message is bounded, and nothing in it is invisible")
    func faults() {
        let long = GRPCFault(.status(.internal), address: "a:1", message: String(repeating: "ü", count: 300) + "\u{1B}")
        #expect(long.message.utf8.count <= GRPCFault.messageLimit)
        #expect(long.message.hasSuffix("ü…"))
        let fault = GRPCFault(.status(.internal), address: "a:1", message: "a\n\u{1B}[0m")
        #expect(fault.description == #"a:1: INTERNAL: a \u{1B}[0m"#)
    }

    @Test("Certificates are not shown")
    func redaction() {
        let tls = GRPCTLS(authority: [65], certificate: [66], key: [75, 69, 89], serverName: "a")
        #expect("\(tls)" == "TLS (authority, certificate, key, name a)")
        var dumped = ""
        dump(GRPCRequest(host: "::1", port: 2, path: "/a", timeout: .seconds(1), security: .tls(tls)), to: &dumped)
        #expect(!dumped.contains("75"))
        #expect(GRPCRequest(host: "::1", port: 2, path: "/a", timeout: .seconds(1)).address == "[::1]:2")
    }
}
