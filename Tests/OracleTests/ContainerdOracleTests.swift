import Foundation
import Testing

@testable import MirrorAgent
@testable import MirrorPlanner

/// What we make of containerd's configuration is what real releases make of it. `ORACLE_RUNS` says how many
/// configurations each of them is asked about, and `ORACLE_SEED` from which seed on: one alone is
/// `ORACLE_SEED=17 ORACLE_RUNS=1`.
@Suite("Random configurations are read as real releases of containerd read them")
struct ContainerdOracleTests {
    private static func number(_ variable: String) -> Int? {
        ProcessInfo.processInfo.environment[variable].flatMap(Int.init)
    }
    private static let runs = max(1, number("ORACLE_RUNS") ?? 200)
    private static let firstSeed = number("ORACLE_SEED") ?? 0
    /// So many in one case of the test.
    private static let batch = 100
    private static let batches = (0..<(runs + batch - 1) / batch).map { $0 * batch }

    @Test("each by `containerd config dump`", arguments: ContainerdOracle.all, batches)
    func agrees(oracle: ContainerdOracle, offset: Int) async throws {
        let release = try await oracle.release()
        var counts = Counts()
        for index in offset..<min(offset + Self.batch, Self.runs) {
            try await Self.draw(index, oracle, release) { main in
                let real = try await oracle.dump(main)
                return Self.compare(real, main, release, &counts)
            }
        }
        print("\(oracle.name) (\(release).\(release.patch)), from seed \(Self.firstSeed + offset): \(counts)")
        // Where little loads, little was compared.
        #expect(Self.runs < Self.batch || counts.same * 5 > counts.all * 2)
    }

    /// One in so many is given to the daemon itself, which checks more than it dumps.
    private static let sparseness = 20

    @Test("some by the daemon itself, which tells what it refuses", arguments: ContainerdOracle.all)
    func starts(oracle: ContainerdOracle) async throws {
        let release = try await oracle.release()
        var outcomes: [String: Int] = [:]
        for index in stride(from: 0, to: Self.runs, by: Self.sparseness) {
            try await Self.draw(index, oracle, release) { main in
                let directory = String(main.dropLast(ContainerdGrammar.main.count + 1))
                let (real, log) = try await ContainerdDaemon.outcome(oracle, main, in: directory)
                let ours = Self.expectation(main, release)
                outcomes[real.rawValue, default: 0] += 1
                guard real != .unclear, let ours, real != ours else { return [] }
                return ["the daemon \(real.rawValue), and we say that it \(ours.rawValue): \(log.suffix(2000))"]
            }
        }
        print("\(oracle.name), the daemon: \(outcomes.sorted { $0.key < $1.key })")
    }

    /// Draws a configuration, and records what is found about it.
    private static func draw(
        _ index: Int,
        _ oracle: ContainerdOracle,
        _ release: ContainerdVersion,
        _ check: (String) async throws -> [String]
    ) async throws {
        let seed = firstSeed + index
        let directory = FileManager.default.temporaryDirectory.appending(path: "oracle-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let drawn = ContainerdGrammar.draw(
            seed: UInt64(seed),
            root: directory.path(),
            newest: release < .merging ? 2 : 3
        )
        for (path, content) in drawn {
            let file = directory.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(content).write(to: file)
        }
        let found = try await check(directory.appending(path: ContainerdGrammar.main).path())
        guard !found.isEmpty else { return }
        let text = drawn.sorted { $0.key < $1.key }.map {
            "--- \($0.key)\n\(String(decoding: $0.value, as: UTF8.self))"
        }
        Issue.record("seed \(seed), \(oracle.name): \(found.joined(separator: "; "))\n\(text.joined())")
    }

    /// What we expect of the daemon; nil where CRI is switched off, of which it says nothing.
    private static func expectation(_ main: String, _ release: ContainerdVersion) -> ContainerdDaemon.Outcome? {
        let reading = ContainerdFiles(files: HostRoot("/"), release: release)
            .configuration(ContainerdPlaces([main], certain: 1))
        guard reading.faults.isEmpty, let tree = reading.tree else { return .ends }
        guard let plugins = try? ContainerdPlugins(ContainerdConfiguration(tree.ordered, release), release) else {
            return .ends
        }
        guard plugins.switchedOff == nil else { return nil }
        return ContainerdValidation(plugins).refusal == nil ? .works : .withoutCRI
    }

    private struct Counts: CustomStringConvertible {
        var all = 0
        var same = 0
        var refused = 0
        var unseen = 0

        var description: String { "\(all) drawn, \(same) load, \(refused) are refused, \(unseen) lack an import" }
    }

    private static func compare(
        _ real: (view: ContainerdDump?, error: String),
        _ main: String,
        _ release: ContainerdVersion,
        _ counts: inout Counts
    ) -> [String] {
        let reader = ContainerdFiles(files: HostRoot("/"), release: release)
        let reading = reader.configuration(ContainerdPlaces([main], certain: 1))
        counts.all += 1
        // Containerd 2 itself does not start where an import is missing, and its dump alone passes over that
        // (`cmd/containerd/command/config.go`, `dumpConfig`).
        if release >= .merging, reading.faults.contains(where: { $0.contains("is imported, but is not there") }) {
            counts.unseen += 1
            return []
        }
        var ours: ContainerdDump?
        var refusal = reading.faults.joined(separator: "; ")
        if reading.faults.isEmpty, let tree = reading.tree {
            do throws(ContainerdRefusal) {
                let configuration = try ContainerdConfiguration(tree.ordered, release)
                let plugins = try ContainerdPlugins(configuration, release)
                ours = ContainerdDump(configuration, plugins, tree.paths)
            } catch {
                refusal = error.sentence
            }
        }
        switch (real.view, ours) {
        case (let view?, let ours?):
            counts.same += 1
            return view.differences(ours)
        case (nil, nil):
            counts.refused += 1
            return []
        case (nil, _): return ["containerd does not load it (\(real.error.suffix(300))), and we do"]
        case (_, nil): return ["containerd loads it, and we say: \(refusal)"]
        }
    }
}
