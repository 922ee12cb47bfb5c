import Subprocess
import Synchronization
import SystemPackage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Runs plugins as child processes, each in a process group of its own, so that what a plugin starts ends with it.
package struct SubprocessRunner: CredentialPluginRunner {
    /// Bytes of the longest credential; a token in a header is a thousandth of that.
    private static let outputLimit = 1 << 20
    private static let errorLimit = 16 << 10

    package init() {}

    private enum Race: Sendable {
        case ended(PluginEnding)
        case timeIsUp
    }

    package func run(_ run: PluginRun) async -> PluginEnding {
        let said = Words()
        return await withTaskGroup(of: Race.self) { group in
            group.addTask { .ended(await Self.start(run, said)) }
            group.addTask {
                // Cancelled, too, means that the other one has ended.
                try? await Task.sleep(for: run.timeout)
                return .timeIsUp
            }
            let first = await group.next()
            // Ends the program, by its teardown sequence, where it still runs; the group waits for that.
            group.cancelAll()
            if case .ended(let ending) = first { return ending }
            return .timedOut(said: said.bytes)
        }
    }

    private static func start(_ run: PluginRun, _ said: Words) async -> PluginEnding {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
        let group = Mutex<pid_t?>(nil)
        // The teardown is over with the program itself: what it started may not care about SIGTERM, and after an end
        // in good order nobody asked it to. The number stays taken for as long as the group has a process.
        defer { if let group = group.withLock({ $0 }) { kill(-group, SIGKILL) } }
        let isPath = run.command.contains("/")
        let configuration = Configuration(
            executable: isPath ? .path(FilePath(run.command)) : .name(run.command),
            arguments: Arguments(run.arguments.map(\.exposed)),
            environment: .inherit.updating(
                Dictionary(
                    uniqueKeysWithValues: run.environment.map { (Environment.Key(stringLiteral: $0), $1.exposed) }
                )
            ),
            platformOptions: options
        )
        do {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .sequence,
                error: .sequence
            ) { execution in
                group.withLock { $0 = execution.processIdentifier.value }
                async let words: Void = collect(execution.standardError, said)
                var output: [UInt8] = []
                for try await piece in execution.standardOutput {
                    output += piece.withUnsafeBytes { Array($0) }
                    guard output.count <= outputLimit else { throw TooLong() }
                }
                try await words
                return output
            }
            return .ended(
                isSuccess: result.terminationStatus.isSuccess,
                status: "\(result.terminationStatus)",
                output: result.closureResult,
                said: said.bytes
            )
        } catch is TooLong {
            return .tooLong(said: said.bytes)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            return .missing
        } catch {
            return .notStarted("\(error)")
        }
    }

    private static func collect(_ sequence: SubprocessOutputSequence, _ said: Words) async throws {
        for try await piece in sequence { said.append(piece.withUnsafeBytes { Array($0) }, limit: errorLimit) }
    }

    private struct TooLong: Error {}
}

/// What a program has said so far; it is told also where the program never ends.
private final class Words: Sendable {
    private let state = Mutex<[UInt8]>([])

    var bytes: [UInt8] { state.withLock { $0 } }

    /// What is beyond the limit is read, so that the program does not block, and dropped.
    func append(_ bytes: [UInt8], limit: Int) {
        state.withLock { $0 += bytes.prefix(max(0, limit - $0.count)) }
    }
}
