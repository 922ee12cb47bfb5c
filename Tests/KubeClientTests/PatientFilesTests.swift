import Foundation
import Glibc
import KubeCore
import KubeTestSupport
import Testing

@testable import KubeClient

@Suite("Files that hang", .timeLimit(.minutes(1)))
struct PatientFilesTests {
    private static func temporary() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appending(path: "patient-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    @Test("A pipe that nobody writes to is waited for once, and read when somebody does")
    func pipe() async throws {
        let directory = try Self.temporary()
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "pipe").path()
        #expect(mkfifo(path, 0o600) == 0)
        let files = PatientFiles(patience: .seconds(1))
        let first = #expect(throws: KubeError.self) { try files.contents(of: path) }
        #expect(first?.message.hasPrefix("\(path) can't be read: there was no end of it within 1.0 seconds") == true)
        let begin = ContinuousClock.now
        let second = #expect(throws: KubeError.self) { try files.contents(of: path) }
        #expect(second?.message == "\(path) can't be read: an earlier read of it has not ended")
        #expect(ContinuousClock.now - begin < .milliseconds(900))
        #expect(try files.contents(of: "/proc/self/comm")?.isEmpty == false)
        #expect(try files.contents(of: "/nowhere/at/all") == nil)
        // The read that waits still takes what comes, and the next one is free again.
        try Data("late".utf8).write(to: directory.appending(path: "text"))
        let writer = open(path, O_WRONLY)
        _ = write(writer, "a", 1)
        close(writer)
        try FileManager.default.removeItem(atPath: path)
        try Data("plain".utf8).write(to: directory.appending(path: "pipe"))
        var content: [UInt8]?
        while content == nil {
            content = try? files.contents(of: path)
            try await Task.sleep(for: .milliseconds(2))
        }
        #expect(content == Array("plain".utf8))
    }

    @Test("What is no file is named, and not opened")
    func kinds() throws {
        for (path, says) in [("/dev/zero", "it is a device and no file"), ("/proc", "Is a directory")] {
            let error = #expect(throws: KubeError.self) { try SystemFiles().contents(of: path) }
            #expect(error?.message == "\(path) cannot be read: \(says)")
        }
        let directory = try Self.temporary()
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = directory.appending(path: "large").path()
        try Data(count: 1_001).write(to: URL(filePath: path))
        let error = #expect(throws: KubeError.self) { try SystemFiles(sizeLimit: 1_000).contents(of: path) }
        #expect(error?.message == "\(path) is longer than 1000 bytes")
    }

    /// The files of a disk that goes away.
    private struct Disk: ConfigurationFiles {
        let isGone = Shared(false)
        let isBack = DispatchSemaphore(value: 0)

        func contents(of path: String) throws(KubeError) -> [UInt8]? {
            if isGone.value, isBack.wait(timeout: .now() + .seconds(20)) == .success { isBack.signal() }
            return Array("token-1".utf8)
        }
    }

    @Test("Requests go on with the token that was read before its disk went away")
    func token() async throws {
        let disk = Disk()
        let credentials = Credentials(
            ClusterConfiguration(server: "https://a", token: .file("/token")),
            ClientOptions(userAgent: "p2pmirror/test", fileLifetime: .zero),
            files: PatientFiles(disk, patience: .seconds(1)),
            plugins: SubprocessRunner(),
            identityChanged: { _ in }
        )
        let deadline = ContinuousClock.now + .seconds(30)
        #expect(try await credentials.current(until: deadline).token == Secret("token-1"))
        disk.isGone.withLock { $0 = true }
        let begin = ContinuousClock.now
        for _ in 0..<50 { #expect(try await credentials.current(until: deadline).token == Secret("token-1")) }
        #expect(ContinuousClock.now - begin < .seconds(5))
        disk.isBack.signal()
    }
}
