import KubectlTesting
import Testing

/// The same for what only an operator with its watches asks. It waits for the clock, so `hack/test` gives these tests a
/// process that leaves them time.
@Suite struct RunningRightsTests {
    @Test(arguments: [false, true])
    func `with the rights of the base no seeds are refused anything`(_ streamingLists: Bool) async throws {
        let accesses = try await SeedLife.run(streamingLists: streamingLists)
        #expect(accesses.refused == [])
        #expect(accesses.used > 20)
    }

    @Test(arguments: [false, true])
    func `with the rights of the manifests no Spegel is refused anything`(_ streamingLists: Bool) async throws {
        let accesses = try await SpegelLife.run(streamingLists: streamingLists)
        #expect(accesses.refused == [])
        #expect(accesses.used > 20)
    }

    private static func expectRefused(_ right: Right, _ accesses: AccessLog) {
        #expect(accesses.hasRefused(right), "\(right): refused were \(accesses.refused)")
    }

    @Test(arguments: Life.seeds.needed)
    func `without a right the life of seeds is another`(_ right: Right) async throws {
        Self.expectRefused(right, try await SeedLife.run(streamingLists: false, without: right))
    }

    @Test(arguments: Life.spegel.needed)
    func `without a right the life of an installed Spegel is another`(_ right: Right) async throws {
        Self.expectRefused(right, try await SpegelLife.run(streamingLists: false, without: right))
    }
}
