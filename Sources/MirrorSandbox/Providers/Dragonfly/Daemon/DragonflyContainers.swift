import Logging

/// What stands for the containers of a release.
enum DragonflyContainers {
    /// Nil where the image is none of Dragonfly's.
    static func container(_ options: ContainerOptions, _ logger: Logger) -> (any SimulatedContainer)? {
        SchedulerContainer(options, logger: logger) ?? DfdaemonContainer(options, logger: logger)
            ?? ManagerContainer(options, logger: logger)
    }
}
