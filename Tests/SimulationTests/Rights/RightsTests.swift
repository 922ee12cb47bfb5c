import KubectlTesting
import Testing

/// Fleets in a time of their own, as the ServiceAccounts of the manifests: with their rights nothing is refused, and
/// with one right less something is, so each of them is needed.
@Suite struct RightsTests {
    @Test func `with the rights of the base no fleet is refused anything`() async throws {
        for life in [FleetLife.whole, FleetLife.lostServer, FleetLife.lostDefinition] {
            let (outcome, accesses) = try await life(nil)
            #expect(outcome.isStar)
            #expect(outcome.refused == [])
            #expect(accesses.used > 20)
        }
    }

    /// All but the drop-in of the root, without which the servers would be a ring again.
    @Test func `what is put back after a mirror that went with its definition makes no ring`() async throws {
        let (outcome, _) = try await FleetLife.lostDefinition()
        #expect(outcome.dropIns == 1)
    }

    private static func expectRefused(_ right: Right, _ accesses: AccessLog) {
        #expect(accesses.hasRefused(right), "\(right): refused were \(accesses.refused)")
    }

    @Test(arguments: Life.fleet.needed)
    func `without a right the life of a fleet is another`(_ right: Right) async throws {
        Self.expectRefused(right, try await FleetLife.whole(without: right).1)
    }

    @Test(arguments: Life.lostServer.needed)
    func `without a right a server that is none any more is taken for one`(_ right: Right) async throws {
        Self.expectRefused(right, try await FleetLife.lostServer(without: right).1)
    }

    @Test(arguments: Life.lostDefinition.needed)
    func `without a right nothing is put back after a mirror that went with its definition`(
        _ right: Right
    ) async throws {
        let (outcome, accesses) = try await FleetLife.lostDefinition(without: right)
        Self.expectRefused(right, accesses)
        #expect(outcome.dropIns == 2)
    }
}
