import KubeClient
import KubeCore
import Synchronization
import Testing

extension CurlTransport {
    /// A client with short times for tests.
    static func test(
        _ server: String,
        token: ClusterConfiguration.Token? = nil,
        files: any ConfigurationFiles = MemoryFiles([:]),
        _ adjust: (inout ClientOptions) -> Void = { _ in }
    ) throws -> CurlTransport {
        var options = ClientOptions(userAgent: "p2pmirror/test", timeout: .seconds(60))
        adjust(&options)
        return try CurlTransport(ClusterConfiguration(server: server, token: token), options: options, files: files)
    }
}

/// Files in memory that a test may change.
final class MemoryFiles: ConfigurationFiles {
    private let files: Mutex<[String: String]>

    init(_ files: [String: String]) { self.files = Mutex(files) }

    subscript(path: String) -> String? {
        get { files.withLock { $0[path] } }
        set { files.withLock { $0[path] = newValue } }
    }

    /// Changes several at once, as the swap of a symbolic link does.
    func replace(_ changes: [String: String]) { files.withLock { $0.merge(changes) { $1 } } }

    func contents(of path: String) throws(KubeError) -> [UInt8]? {
        guard let text = self[path] else { return nil }
        if text == "<unreadable>" { throw KubeError(.configuration, "\(path) cannot be read: Permission denied") }
        return Array(text.utf8)
    }
}

/// The code of the error that `work` throws, nil where it throws none.
func code(_ work: () async throws(KubeError) -> some Any) async -> KubeError.Code? {
    do throws(KubeError) {
        _ = try await work()
        return nil
    } catch {
        return error.code
    }
}

extension KubeRequest {
    static func post(_ path: String = "/", timeout: Duration? = nil) -> KubeRequest {
        KubeRequest(.post, path, contentType: "application/json", body: Array("{}".utf8), timeout: timeout)
    }
}

/// A clock that stands still until a test moves it.
final class TestClock: Sendable {
    private let instant: Mutex<ContinuousClock.Instant>

    init(now: ContinuousClock.Instant) { instant = Mutex(now) }

    var now: ContinuousClock.Instant {
        get { instant.withLock { $0 } }
        set { instant.withLock { $0 = newValue } }
    }
}

/// Random numbers that come again with the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
