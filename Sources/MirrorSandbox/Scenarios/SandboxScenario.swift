import MirrorAPI

/// An incident that a person asks for by its name: it is reproduced first, measured, and then shown gone.
package struct SandboxScenario: Sendable {
    /// What a person asks for beside the scenario.
    package struct Wishes: Sendable {
        /// Leave everything running after a good end, until the task is cancelled.
        package var keep: Bool
        /// Only the fleet with its API server: no incident, no operator.
        package var bare: Bool
        /// Another release of operator and agents; nil where none was named.
        package var previous: ProductEdition?

        package init(keep: Bool = false, bare: Bool = false, previous: ProductEdition? = nil) {
            self.keep = keep
            self.bare = bare
            self.previous = previous
        }
    }

    /// On the command line.
    package var name: String
    /// What happens in it and what it needs, for the help.
    package var summary: String
    /// Whether it puts one release in the place of another: it needs `Wishes.previous`, and can be neither kept nor
    /// bare.
    package var isExchange = false
    /// Throws `ScenarioFailure` where the symptom did not show or did not go, or where another cluster has no room.
    /// With `keep` or `bare` it ends well when its task is cancelled while it waits for that.
    package var run: @Sendable (SandboxSession, Wishes) async throws -> Void

    /// Those of all providers.
    package static var all: [SandboxScenario] { Provider.allCases.flatMap(\.scenarios) }
}

/// One release: its program, and the definitions that it was published with.
package struct ProductEdition: Hashable, Sendable {
    /// As it is told.
    package var name: String
    package var executable: String
    /// Directory of the CRDs.
    package var crds: String

    package init(name: String, executable: String, crds: String) {
        self.name = name
        self.executable = executable
        self.crds = crds
    }
}
