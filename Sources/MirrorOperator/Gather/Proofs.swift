package import KubeCore
package import KubeRuntime

/// Stores that decisions rest on, and that may have to be proven first.
///
/// On some servers a watch in which nothing happens gets no word either, and looks like one whose connection is dead.
/// At rest that costs nothing. Before something is done it is found out, once for all stores and by a list each.
package struct Proofs: Sendable {
    /// How long the lists may take, all together.
    package static let patience = Duration.seconds(10)

    private var prove: [@Sendable () async -> Bool] = []

    package init() {}

    package mutating func add<Object: KubeObject>(_ reflector: Reflector<Object>) {
        add {
            guard reflector.needsProof else { return false }
            await reflector.prove(within: Self.patience)
            return true
        }
    }

    /// - Parameter proof: proves a store; false where it needs none.
    package mutating func add(_ proof: @escaping @Sendable () async -> Bool) {
        prove.append(proof)
    }

    /// Proves what needs a proof.
    ///
    /// - Returns: whether anything did: what is known may be another thing now.
    package func demand() async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            for prove in prove { group.addTask { await prove() } }
            return await group.reduce(false) { $0 || $1 }
        }
    }
}
