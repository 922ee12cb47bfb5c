package import Logging
import MirrorAPI
import MirrorPlanner

extension Provider {
    /// The incidents of the provider that the sandbox knows.
    var scenarios: [SandboxScenario] {
        switch self {
        case .rke2: [.ring(of: .rke2)] + SandboxScenario.seedIncidents(of: .rke2) + [.upgrade(of: .rke2)]
        case .k3s: [.ring(of: .k3s)]
        case .spegel: [.spegelBootstrap]
        case .dragonfly: SandboxScenario.dragonfly
        }
    }

    /// What stands for a container of the provider's Pods; nil where the image is none of its.
    fileprivate func container(_ options: ContainerOptions, _ logger: Logger) -> (any SimulatedContainer)? {
        switch self {
        case .rke2, .k3s: nil
        case .spegel: SpegelDaemon(options, logger: logger)
        case .dragonfly: DragonflyContainers.container(options, logger)
        }
    }
}

extension ContainerOptions {
    /// What stands for the container.
    ///
    /// - Throws: `ScenarioFailure` where nothing does for its image.
    package func container(logger: Logger) throws -> any SimulatedContainer {
        let found = Provider.allCases.lazy.compactMap { $0.container(self, logger) }.first
        guard let found else { throw ScenarioFailure("nothing stands for a container of the image \(image)") }
        return found
    }
}
