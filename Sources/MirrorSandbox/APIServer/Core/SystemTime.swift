package import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension APIServerConfiguration {
    /// The machine's wall clock.
    package static let systemTime: @Sendable () -> MicroTimestamp = {
        MicroTimestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}
