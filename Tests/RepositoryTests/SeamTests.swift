import Testing

/// Which files may name a provider.
enum SeamRules {
    static let words = ["spegel", "rke2", "k3s", "dragonfly"]

    /// Where a provider is at home: its folders, and what an agent does on its hosts.
    private static let homes = [
        "Sources/MirrorPlanner/Providers/Rancher/", "Sources/MirrorPlanner/Providers/Spegel/",
        "Sources/MirrorOperator/Providers/Spegel/", "Sources/MirrorAgent/Duties/Service/",
        "Sources/MirrorSandbox/Providers/Rancher/", "Sources/MirrorSandbox/Providers/Spegel/",
        "Sources/MirrorPlanner/Providers/Dragonfly/", "Sources/MirrorOperator/Providers/Dragonfly/",
        "Sources/MirrorSandbox/Providers/Dragonfly/",
    ]

    /// The exhaustive switches, one a target, and that over what there is of providers in a snapshot.
    static let switches = [
        "Sources/MirrorAgent/Duties/Provider+Duty.swift", "Sources/MirrorOperator/Providers/Provider+Sources.swift",
        "Sources/MirrorPlanner/Providers/Provider+Rules.swift",
        "Sources/MirrorPlanner/Providers/ProviderEvidence.swift",
        "Sources/MirrorSandbox/Providers/Provider+Sandbox.swift",
    ]

    /// The schema has a section a provider, and benchmarks measure one after the other.
    private static let others: Set<String> = ["MirrorAPI", "bench"]

    /// Lines of shared code that name a provider, in comments and strings too.
    static func findings(_ file: TextFile) -> [Finding] {
        guard let target = file.target, !others.contains(target), !homes.contains(where: file.path.hasPrefix) else {
            return []
        }
        let text = file.text.lowercased()
        guard words.contains(where: { text.contains($0) }) else { return [] }
        return file.lines.enumerated().compactMap { index, line in
            let line = line.lowercased()
            guard let word = words.first(where: { line.contains($0) }) else { return nil }
            return Finding(path: file.path, line: index + 1, message: "shared code names \(word)")
        }
    }
}

@Suite("The seam between shared code and providers")
struct SeamTests {
    @Test("Shared code names no provider but in the switches")
    func sharedCode() throws {
        let found = try Checkout.sources().flatMap(SeamRules.findings)
        let known = Set(SeamRules.switches)
        #expect(found.filter { !known.contains($0.path) } == [])
        #expect(known.subtracting(found.map(\.path)) == [], "these name none any more: take them off the list")
    }

    @Test(
        "A provider that is named in shared code is found",
        arguments: [
            ("MirrorPlanner/Planner.swift", "if provider == .spegel {", 1),
            ("MirrorAgent/NodeAgent.swift", "/// As RKE2 does", 1), ("KubeCore/A.swift", "let a = \"K3s\"", 1),
            ("MirrorPlanner/Providers/ProviderRules.swift", "// Dragonfly", 1),
            ("MirrorPlanner/Providers/Spegel/SpegelRules.swift", "struct SpegelRules {", 0),
            ("MirrorPlanner/Planner.swift", "provider.rules.plan(mirror, snapshot)", 0),
        ]
    )
    func plantedNameIsFound(path: String, line: String, count: Int) {
        #expect(SeamRules.findings(TextFile(path: "Sources/\(path)", text: "\n\(line)\n")).count == count)
    }
}
