import Foundation
import MirrorAPI
import MirrorSandbox
import Synchronization
import Testing

/// A process that is killed at any point and started again reaches the end that it would have reached anyway.
@Suite struct CrashTests {
    /// Seconds of simulated time within which a ring of three is a star, kills included.
    static let limit = 400

    static func run(
        _ kill: SimulatedCluster.Kill
    ) async throws -> (seconds: Int?, end: SimulatedCluster.EndState, restarts: [Int], places: SimulatedCluster.Places)
    {
        let cluster = try await SimulatedCluster(.ring(agents: 0, network: "10.0.0"), kill: kill)
        let rollout = P2PMirrorSpec.Rollout(minReadySeconds: 1, progressDeadlineSeconds: 120)
        try await cluster.createMirror(P2PMirrorSpec(provider: .rke2, mode: .enforce, rollout: rollout))
        let seconds = try await cluster.run(limit: limit)
        let places = cluster.places.value.withLock { $0 }
        return (seconds, try await cluster.endState(), cluster.hosts.map(\.restarts), places)
    }

    @Test func `a ring becomes a star with one restart for each server that changes`() async throws {
        let run = try await Self.run(.never)
        #expect(run.seconds != nil)
        #expect(run.restarts == [1, 0, 1])
        #expect(run.end.topology?.observed == .star)
        #expect(run.end.leaseHolder.isEmpty)
        let places = run.places
        func text(_ writes: [Bool]) -> String { "\(writes.count) (\(writes.count(where: \.self)) that write)" }
        print(
            "a whole run: \(run.seconds ?? -1) s of simulated time; requests of the operator "
                + "\(text(places.operatorRequests)), of the agents \(text(places.agentRequests)); file operations "
                + text(places.agentFiles)
        )
    }

    enum Killed: String, CaseIterable {
        case operatorRequests, agentRequests, agentFiles
    }

    /// A process loses its memory, so what counts is what lasts: before and after each write, each state that the
    /// system can be left in occurs. Of the operator each request is a point; with `P2PMIRROR_ALL_POINTS` of everybody.
    static func points(
        _ killed: Killed,
        _ afterEffect: Bool,
        _ places: SimulatedCluster.Places
    ) -> [SimulatedCluster.Kill] {
        let isWhole = ProcessInfo.processInfo.environment["P2PMIRROR_ALL_POINTS"] != nil
        func numbers(_ writes: [Bool], all: Bool) -> [Int] {
            writes.indices.filter { writes[$0] || all || isWhole }.map { $0 + 1 }
        }
        switch killed {
        case .operatorRequests:
            return numbers(places.operatorRequests, all: afterEffect)
                .map { .operatorRequest($0, afterEffect: afterEffect) }
        case .agentRequests:
            return numbers(places.agentRequests, all: false).map { .agentRequest($0, afterEffect: afterEffect) }
        case .agentFiles:
            return numbers(places.agentFiles, all: false).map { .agentFile($0, afterEffect: afterEffect) }
        }
    }

    @Test(arguments: Killed.allCases, [false, true])
    func `killed at every point it reaches the same end`(_ killed: Killed, afterEffect: Bool) async throws {
        let undisturbed = try await Self.run(.never)
        let points = Self.points(killed, afterEffect, undisturbed.places)
        var converged = 0
        for point in points {
            let run = try await Self.run(point)
            #expect(run.seconds != nil, "\(point): not at rest within \(Self.limit) s")
            #expect(run.end == undisturbed.end, "\(point)")
            #expect(run.restarts == undisturbed.restarts, "\(point)")
            if run.seconds != nil, run.end == undisturbed.end { converged += 1 }
        }
        let moment = afterEffect ? "after" : "before"
        print("killed \(moment) each of \(killed.rawValue): points tried \(points.count), converged \(converged)")
        #expect(converged == points.count)
    }
}
