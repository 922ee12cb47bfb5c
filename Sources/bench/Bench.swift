import ArgumentParser

/// The programs behind `hack/bench`; it is in no product that is shipped.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures the parts that carry load. hack/bench prepares and runs it.",
        subcommands: [
            PlanBenchmark.self, WatchesBenchmark.self, ProbesBenchmark.self, ProbeEndpoints.self,
            EvictionBenchmark.self, FirstLookBenchmark.self, ColdStartBenchmark.self,
        ]
    )
}
