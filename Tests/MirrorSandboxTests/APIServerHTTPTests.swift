import Foundation
import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: over HTTP", .enabled(if: Command.exists("curl")))
struct APIServerHTTPTests {
    private func curl(_ arguments: String...) async throws -> Command.Outcome {
        try await Command.run("curl", ["-s", "-S", "--noproxy", "*"] + arguments)
    }

    private func eventually(_ condition: () -> Bool) async throws -> Bool {
        for _ in 0..<500 {
            if condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return condition()
    }

    @Test("requests and answers are those of the server in the process")
    func requests() async throws {
        let bench = try await Bench.withGadgets()
        let front = try await bench.server.serve()
        #expect(front.port > 0)
        let gadgets = front.url + Bench.gadgets
        let body = Bench.gadget("a").text
        let json = "content-type: application/json"
        let made = try await curl("-i", "-H", json, "--data-binary", body, "\(gadgets)?fieldManager=x%2Fy")
        #expect(made.output.hasPrefix("HTTP/1.1 201 Created\r\n"))
        #expect(made.output.contains("\"manager\":\"x/y\""))
        let again = try await curl("-H", json, "-H", "transfer-encoding: chunked", "-d", body, gadgets)
        #expect(again.output.contains("\"reason\":\"AlreadyExists\""))
        let list = try await curl("\(gadgets)?labelSelector=a+in+(b,c)", "\(gadgets)?fieldSelector=metadata.name%3Da")
        #expect(list.output.contains("\"items\":[]"))
        #expect(list.output.contains("\"name\":\"a\""))
        let status = "%{http_code}"
        #expect(try await curl("-o", "/dev/null", "-w", status, "-X", "HEAD", "-m", "5", gadgets).output == "405")
        #expect(try await curl("-o", "/dev/null", "-w", status, "\(front.url)/nothing").output == "404")
        #expect(try await curl("\(front.url)/readyz").output == "ok")
        await front.stop()
        #expect(try await curl(gadgets).status == 7)
    }

    @Test("a body that is too long is refused")
    func longBody() async throws {
        let front = try await Bench().server.serve()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data(repeating: 0x20, count: 4 << 20).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let answer = try await curl("--data-binary", "@\(file.path)", "\(front.url)/api/v1/nodes")
        #expect(answer.output.contains("\"reason\":\"RequestEntityTooLarge\""))
    }

    @Test("a watch is a stream of lines that ends when its time is up")
    func watch() async throws {
        let bench = Bench()
        _ = try await bench.post("/api/v1/nodes", Bench.node("n"))
        let front = try await bench.server.serve()
        let query = "watch=1&timeoutSeconds=1&allowWatchBookmarks=true"
        let outcome = try await curl("-N", "\(front.url)/api/v1/nodes?\(query)")
        let lines = outcome.output.split(separator: "\n")
        #expect(outcome.status == 0)
        #expect(lines.count == 2)
        #expect(lines.first?.contains("\"type\":\"ADDED\"") == true)
        #expect(lines.last?.contains("\"type\":\"BOOKMARK\"") == true)
        #expect(bench.server.openWatches == 0)
    }

    @Test("a client that goes away ends its watch")
    func goneClient() async throws {
        let bench = Bench()
        let front = try await bench.server.serve()
        let outcome = try await curl("-N", "-m", "0.5", "\(front.url)/api/v1/nodes?watch=1")
        #expect(outcome.status == 28)
        #expect(try await eventually { bench.server.openWatches == 0 })
    }

    @Test("a hundred and twenty watches each get the change")
    func manyWatches() async throws {
        let bench = Bench()
        let front = try await bench.server.serve()
        let version = try await bench.get("/api/v1/nodes").version
        let path = "\(front.url)/api/v1/nodes?watch=1&resourceVersion=\(version)&n=[1-120]"
        async let outcome = curl("-N", "-Z", "--parallel-max", "150", "--parallel-immediate", path)
        #expect(try await eventually { bench.server.openWatches == 120 })
        _ = try await bench.post("/api/v1/nodes", Bench.node("n"))
        bench.server.endWatches()
        let lines = try await outcome.output.split(separator: "\n").filter { $0.contains("\"type\":\"ADDED\"") }
        #expect(lines.count == 120)
    }

    @Test("requests go wrong over HTTP as a plan says")
    func faults() async throws {
        let bench = try await Bench.withGadgets()
        let front = try await bench.server.serve()
        let gadgets = front.url + Bench.gadgets
        let body = Bench.gadget("a").text
        bench.server.setFaults { number, _ in
            switch number {
            case 1: .cutBeforeEffect
            case 2: .refuse(status: 429, retryAfter: 3)
            case 3: .cutAfterEffect
            case 4: .answerTwice
            case 5: .cutStream(afterChunks: 1)
            default: .none
            }
        }
        let json = "content-type: application/json"
        #expect(try await curl("-H", json, "-d", body, gadgets).status == 52)
        #expect(try await curl("-i", "-H", json, "-d", body, gadgets).output.contains("retry-after: 3"))
        #expect(try await bench.get("\(Bench.gadgets)/a").status == 404)
        #expect(try await curl("-H", json, "-d", body, gadgets).status == 52)
        #expect(try await bench.get("\(Bench.gadgets)/a").status == 200)
        #expect(try await curl("-X", "DELETE", "\(gadgets)/a").output.contains("\"reason\":\"NotFound\""))
        _ = try await bench.post(Bench.gadgets, Bench.gadget("a"))
        #expect(try await curl("-N", "\(gadgets)?watch=1").status == 18)
        bench.server.setFaults(nil)
        #expect(try await curl(gadgets).status == 0)
    }
}

extension JSONValue {
    var text: String {
        (try? JSONCoding.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
