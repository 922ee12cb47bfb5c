import KubeCore
import Logging
import Testing

@testable import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite("The log stops nobody", .timeLimit(.minutes(1)))
struct LogQueueTests {
    private static func pipe() -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        _ = Glibc.pipe(&ends)
        return (ends[0], ends[1])
    }

    private static func read(_ file: Int32, until isEnough: (String) -> Bool) -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isEnough(text) {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }

    @Test("A pipe that nobody reads holds nobody up; what is dropped is counted and told")
    func unreadPipe() async {
        let pipe = Self.pipe()
        let queue = LogQueue(descriptor: pipe.writer) { "dropped \($0)" }
        #expect(queue.start())
        let start = ContinuousClock.now
        let line = String(repeating: "x", count: 1_000)
        for number in 0..<20_000 { queue.push("\(number) \(line)") }
        #expect(ContinuousClock.now - start < .seconds(10))
        async let reading = Self.read(pipe.reader) { _ in false }
        queue.flush(milliseconds: 20_000)
        close(pipe.writer)
        let lines = await reading.split(separator: "\n")
        let told = lines.compactMap { $0.hasPrefix("dropped ") ? Int($0.dropFirst(8)) : nil }
        #expect(told.reduce(0, +) > 0)
        #expect(lines.count - told.count + told.reduce(0, +) == 20_000)
        // Those that came through are whole, and in their order.
        let numbers = lines.filter { !$0.hasPrefix("dropped") }.compactMap { $0.split(separator: " ").first }.compactMap
        {
            Int($0)
        }
        #expect(numbers == numbers.sorted() && numbers.first == 0)
    }

    @Test("A reader that goes away, and a descriptor that is closed, are no end")
    func goneReader() {
        signal(SIGPIPE) { _ in }
        for end in [Self.pipe(), Self.pipe()] {
            let queue = LogQueue(descriptor: end.writer) { "\($0)" }
            #expect(queue.start())
            close(end.reader)
            for _ in 0..<100 { queue.push("line") }
            queue.flush(milliseconds: 2_000)
            #expect(queue.dropped == 0)
        }
    }

    @Test("What waits at the end is written before it")
    func flush() {
        let pipe = Self.pipe()
        let queue = LogQueue(descriptor: pipe.writer) { "\($0)" }
        #expect(queue.start())
        for number in 0..<100 { queue.push("\(number)") }
        queue.flush(milliseconds: 5_000)
        close(pipe.writer)
        #expect(Self.read(pipe.reader) { _ in false }.split(separator: "\n").count == 100)
    }

    @Test("A long queue of long lines is bounded by its bytes")
    func bytes() {
        let queue = LogQueue(descriptor: -1) { "\($0)" }
        let line = String(repeating: "x", count: 1 << 20)
        for _ in 0..<10 { queue.push(line) }
        #expect(queue.dropped == 6)
    }
}

@Suite("Log lines of what others wrote")
struct HostileLogTests {
    private static func line(_ format: LogFormat, _ text: String) -> String {
        let record = LogRecord(
            time: MicroTimestamp(microseconds: 0),
            level: .info,
            logger: "operator",
            message: text,
            metadata: ["node": "\(text)", "list": ["\(text)"], "\(text.prefix(20))": "x"]
        )
        return record.rendered(format)
    }

    @Test("No sequence reaches the terminal", arguments: LogFormat.allCases)
    func sequences(format: LogFormat) {
        for text in ["a\u{1B}[2Jb", "\u{9B}31m", "x\u{202E}y", "\u{0}", "\u{7F}", "\u{2066}", "\u{E000}"] {
            let line = Self.line(format, text)
            let isShown = line.unicodeScalars.allSatisfy { $0.isPrintable }
            #expect(isShown, "\(line.debugDescription)")
        }
    }

    @Test("A field of megabytes is cut", arguments: LogFormat.allCases)
    func megabytes(format: LogFormat) {
        for unit in ["m", "ä", "\u{1B}", "🚀"] {
            #expect(Self.line(format, String(repeating: unit, count: 3_000_000)).utf8.count < 200_000)
        }
        #expect(Self.line(.json, String(repeating: "m", count: 10_000_000)).utf8.count < 13_000)
    }
}
