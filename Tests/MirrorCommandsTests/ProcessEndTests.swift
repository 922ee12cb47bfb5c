import ArgumentParser
import KubeRuntime
import KubeTestSupport
import Logging
import Testing

@testable import MirrorCommands

/// What is logged from INFO on.
private struct LinesHandler: LogHandler {
    let lines: Shared<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        lines.withLock { $0.append("\(event.level) \(event.message): \(metadata)") }
    }
}

@Suite("The end of a process", .timeLimit(.minutes(1)))
struct ProcessEndTests {
    private struct Broken: Error, CustomStringConvertible {
        var description: String { "no descriptors are left" }
    }

    private static func logger() -> (Logger, Shared<[String]>) {
        let lines = Shared<[String]>([])
        return (Logger(label: "test") { _ in LinesHandler(lines: lines) }, lines)
    }

    private static let patient = Part("operator") {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }

    @Test("a part that fails ends the process with an error and a line that says which part and why")
    func failedPart() async {
        let (logger, lines) = Self.logger()
        let parts = [Self.patient, Part("endpoints") { throw Broken() }]
        // The process of these tests is not to end 9 s later.
        let code = await #expect(throws: ExitCode.self) {
            try await ProcessLifetime.run(parts, logger: logger, leave: {})
        }
        #expect(code == .failure)
        #expect(
            lines.value == [
                "critical A part of the process ended, and so does the process: part=endpoints "
                    + "reason=no descriptors are left"
            ]
        )
    }

    @Test("a part that does not end is left after a while, and named")
    func hangingPart() async throws {
        let (logger, lines) = Self.logger()
        let hasLeft = Shared(false)
        let parts = [Part("endpoints") {}, Part("operator") { while !hasLeft.value { await Task.yield() } }]
        let end = ProcessEnd(of: parts, limit: .milliseconds(100), logger: logger) { hasLeft.withLock { $0 = true } }
        await runTogether(parts.map(end.watched)) { _ in end.begin() }
        #expect(lines.value == ["critical The process leaves what does not end: after=0.1 seconds parts=operator"])
    }

    @Test("a log that takes no line keeps no process")
    func blockedLog() async throws {
        let hasLeft = Shared(false)
        let logger = Logger(label: "test") { _ in BlockedHandler(isOver: hasLeft) }
        let end = ProcessEnd(of: [], limit: .zero, logger: logger) { hasLeft.withLock { $0 = true } }
        end.begin()
        while !hasLeft.value { try await Task.sleep(for: .milliseconds(5)) }
    }

    private struct BlockedHandler: LogHandler {
        let isOver: Shared<Bool>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(isOver: Shared<Bool>) { self.isOver = isOver }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { while !isOver.value {} }
    }
}
