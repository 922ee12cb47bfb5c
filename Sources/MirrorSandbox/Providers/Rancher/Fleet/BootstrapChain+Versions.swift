import MirrorPlanner

extension BootstrapChain {
    /// The chain that daemons of a version have; one that cannot be read has the one that ends.
    static func of(version: String) -> BootstrapChain {
        DistributionVersion(version)?.recursion == .recurses ? .union : .firstAnswer
    }
}
