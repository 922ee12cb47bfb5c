import KubeCore
import KubeRuntime
import Logging
import MirrorAPI

/// What sources of evidence are made of.
struct SourceParts: Sendable {
    var api: KubeAPI
    var server: ServerMemory
    /// Makes a client of the server at that URL; nil where nothing outside of the API is asked.
    var connect: (@Sendable (String) throws(KubeError) -> any Transport)?
    /// Calls daemons; nil where none is called.
    var calls: (any GRPCTransport)?
    var clock: any Clock<Duration>
    /// What is heard of seeds is timed by it.
    var seedClock: SeedClock
    var generator: @Sendable () -> any RandomNumberGenerator
    var logger: Logger
    /// How much faster than in the world the daemons' time goes.
    var daemonTimeFactor = 1
}

extension Provider {
    /// What is watched for the provider; nil where nodes, MirrorNodes and what tells of seeds are all there is. The one
    /// switch of this target over providers: one that is added does not compile before it has an answer.
    func sources(_ parts: SourceParts) -> (any ProviderSources)? {
        switch self {
        case .rke2, .k3s: nil
        case .spegel: SpegelSources(parts)
        case .dragonfly: DragonflySources(parts)
        }
    }
}

extension ProviderSourceSet {
    /// Those of every provider.
    init(_ parts: SourceParts) {
        let all = Provider.allCases.compactMap { provider in provider.sources(parts).map { (provider, $0) } }
        self.init(Dictionary(uniqueKeysWithValues: all))
    }
}
