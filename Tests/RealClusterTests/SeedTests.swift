import Foundation
import KubeCore
import Logging
import MirrorAPI
import MirrorSandbox
import Testing

extension RealCluster {
    /// The incidents `crashed-peer` and `disk-full` with the real operator, real agents, Leases that expire and a file
    /// system that is full.
    @Suite struct Seeds {
        /// Runs a scenario on a fleet of its own, of which nothing is left afterwards.
        private static func run(
            _ scenario: some SeedScenario,
            adjust: (inout SimulatedFleet.Settings) -> Void = { _ in }
        ) async throws -> SeedOutcome {
            let cluster = try await TestCluster.shared()
            let sandbox = try SandboxCluster.external(kubeconfig: cluster.kubeconfig)
            let blueprint = scenario.settings.blueprint(network: TestCluster.network)
            let nodes = blueprint.hosts.map(\.name)
            try await sandbox.requireRoom(forNodes: nodes)
            var settings = try await cluster.fleetSettings(blueprint, "seeds-\(UUID().uuidString)")
            scenario.settings.adjust(&settings)
            adjust(&settings)
            let fleet = try SimulatedFleet(settings, api: cluster.api, logger: Logger(label: "fleet"))
            let outcome: Result<SeedOutcome, any Error>
            do {
                try await fleet.start()
                try await fleet.untilWhole(scenario.settings, cluster.api)
                outcome = .success(try await scenario.cure(fleet, api: cluster.api))
            } catch {
                outcome = .failure(error)
            }
            await fleet.stop()
            await sandbox.end(ofNodes: nodes)
            try await sandbox.requireRoom(forNodes: nodes)
            return try outcome.get()
        }

        private static func expectProven(_ outcome: SeedOutcome) {
            for line in ExpectedTime.lines(outcome.times, after: outcome.begin) { print(line) }
            #expect(outcome.complaint == nil)
        }

        @Test func `a peer that crashes leaves when its announcement expires, and comes back after its probation`()
            async throws
        {
            let settings = SeedScenarioSettings(searches: 8)
            Self.expectProven(try await Self.run(CrashedPeerScenario(settings, say: { print($0) })))
        }

        @Test func `where the API server knows of a crash at once, there is no symptom, and the run fails`()
            async throws
        {
            let scenario = CrashedPeerScenario(SeedScenarioSettings(searches: 8), say: { print($0) })
            let failure = await #expect(throws: ScenarioFailure.self) {
                try await Self.run(scenario) { $0.nodeGracePeriod = .zero }
            }
            #expect(failure?.description.contains("the symptom did not show") == true)
        }

        @Test func `a seed whose disk is full leaves, comes back with room, and the next time leaves before it fails`()
            async throws
        {
            let settings = SeedScenarioSettings(searches: 8, contentMebibytes: DiskFullScenario.mebibytes)
            Self.expectProven(try await Self.run(DiskFullScenario(settings, say: { print($0) })))
        }
    }
}
