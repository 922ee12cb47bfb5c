import KubeCore
import Logging
import Synchronization
import Telemetry
import Testing

private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func logger(_ format: LogFormat) -> Logger {
        var logger = Logger(label: "operator") { label in
            StructuredLogHandler(
                label: label,
                format: format,
                output: LogOutput { line in self.lines.withLock { $0.append(line) } },
                now: { MicroTimestamp(microseconds: 1_767_225_600_000_042) }
            )
        }
        logger.logLevel = .info
        return logger
    }
}

@Suite("Log lines")
struct LogHandlerTests {
    @Test("a record is one JSON object with flat fields in order")
    func json() throws {
        let lines = Lines()
        var logger = lines.logger(.json)
        logger[metadataKey: "controller"] = "mirror"
        logger.info("step done", metadata: ["node": "s1", "change": ["from": "a", "to": "b"], "roots": ["x", "y"]])
        #expect(
            lines.all == [
                #"{"ts":"2026-01-01T00:00:00.000042Z","level":"info","logger":"operator","msg":"step done","#
                    + #""change.from":"a","change.to":"b","controller":"mirror","node":"s1","roots":["x","y"]}"#
            ]
        )
    }

    @Test("every text survives JSON", arguments: ["a\"b\\c", "line\nfeed\r\n", "tab\t", "\u{1}\u{1f}", "Größe 🚀", ""])
    func quoting(text: String) throws {
        let lines = Lines()
        lines.logger(.json).error("\(text)", metadata: ["value": "\(text)"])
        let line = try #require(lines.all.first)
        let value = try JSONCoding.decode(JSONValue.self, from: Array(line.utf8))
        #expect(value["msg"]?.stringValue == text)
        #expect(value["value"]?.stringValue == text)
        #expect(!line.contains("\n"))
    }

    @Test("a field never takes the place of the record's own members")
    func reserved() {
        let lines = Lines()
        lines.logger(.json).info("real", metadata: ["msg": "false", "level": "false"])
        #expect(lines.all.first?.contains(#""msg":"real","field.level":"false","field.msg":"false""#) ?? false)
    }

    @Test("text is one line for a person, whatever the message")
    func text() {
        let lines = Lines()
        lines.logger(.text).warning("two\nlines", metadata: ["node": "s1", "why": "not ready", "empty": ""])
        #expect(
            lines.all == [
                "2026-01-01T00:00:00.000042Z WARNING  operator: two | lines empty=\"\" node=s1 why=\"not ready\""
            ]
        )
    }

    @Test("records below the level are not written")
    func level() {
        let lines = Lines()
        lines.logger(.text).debug("no")
        #expect(lines.all.isEmpty)
    }

    @Test("an error is a field")
    func error() {
        let lines = Lines()
        lines.logger(.json).error("failed", error: KubeError(.connection, "no route"))
        #expect(lines.all.first?.contains(#""error":"connection: no route""#) ?? false)
    }

    @Test("a field whose name is that of a secret is never printed", arguments: LogFormat.allCases)
    func secret(format: LogFormat) {
        let lines = Lines()
        lines.logger(format).info(
            "using a token",
            metadata: [
                "server.join-token": "hunter2", "clientSecret": "hunter2", "password": ["a": "hunter2"],
                "secretName": "kept",
            ]
        )
        #expect(!lines.all.contains { $0.contains("hunter2") })
        #expect(lines.all.first?.contains("kept") ?? false)
    }
}
