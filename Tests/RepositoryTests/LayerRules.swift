/// Which way dependencies point.
enum LayerRules {
    /// What each target may import beside the standard library.
    static let allowed: [String: Set<String>] = [
        "KubeCore": ["CYAML"],
        "KubeClient": ["CCurl", "HeapModule", "KubeCore", "Subprocess", "SystemPackage"],
        "KubeRuntime": ["HeapModule", "KubeCore", "Logging", "Metrics"],
        "Telemetry": ["CoreMetrics", "KubeCore", "Logging"],
        "MirrorAPI": ["KubeCore"],
        "MirrorPlanner": ["KubeCore", "MirrorAPI"],
        "MirrorOperator": operatorAndAgent.union(["CoreMetrics", "Metrics"]),
        "MirrorAgent": operatorAndAgent.union(["CXattr", "Subprocess", "SystemPackage"]),
        "MirrorSandbox": [
            "FlyingFox", "FlyingSocks", "KubeClient", "KubeCore", "KubeRuntime", "Logging", "MirrorAPI", "MirrorAgent",
            "MirrorOperator", "MirrorPlanner", "Subprocess", "SystemPackage",
        ],
        "MirrorCommands": [
            "ArgumentParser", "CoreMetrics", "KubeClient", "KubeCore", "KubeRuntime", "Logging", "Metrics", "MirrorAPI",
            "MirrorAgent", "MirrorOperator", "MirrorPlanner", "Telemetry",
        ],
        "SandboxCommands": [
            "ArgumentParser", "KubeClient", "KubeCore", "Logging", "MirrorAPI", "MirrorCommands", "MirrorPlanner",
            "MirrorSandbox",
        ],
        // What ships to a cluster: nothing of the sandbox.
        "p2pmirror": ["MirrorCommands"],
        "p2pmirror-sandbox": ["SandboxCommands"],
        "bench": [
            "ArgumentParser", "CCurl", "KubeClient", "KubeCore", "KubeRuntime", "Logging", "MirrorAPI",
            "MirrorOperator", "MirrorPlanner", "MirrorSandbox", "Telemetry",
        ],
    ]

    private static let operatorAndAgent: Set<String> = [
        "KubeCore", "KubeRuntime", "Logging", "MirrorAPI", "MirrorPlanner", "Telemetry",
    ]

    /// The standard library's modules and the C library, of which pure targets may use only what makes no effect.
    private static let foundation: Set<String> = ["Foundation", "FoundationEssentials"]
    private static let system: Set<String> = ["Darwin", "Dispatch", "Glibc", "Musl", "Synchronization"]
    private static let pure: Set<String> = ["KubeCore", "MirrorAPI", "MirrorPlanner"]

    /// What the planner must not have, because a plan is a function of the snapshot.
    private static let impurities = [
        "async", "await", "Task", "Date", "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", "UUID",
        "random", "randomElement", "shuffled", "FileManager", "ProcessInfo", "WallClock",
    ]

    static func findings(_ file: TextFile) -> [Finding] {
        guard let target = file.target else { return [] }
        // A system library has no Swift.
        guard let allowed = allowed[target] else {
            return [Finding(path: file.path, message: "the target \(target) stands in no layer")]
        }
        let known = allowed.union(foundation).union(pure.contains(target) ? [] : system)
        let code = file.code.lines
        let imports = code.enumerated().compactMap { index, line -> Finding? in
            guard let module = importedModule(line), !known.contains(module) else { return nil }
            return Finding(path: file.path, line: index + 1, message: "\(target) must not import \(module)")
        }
        guard target == "MirrorPlanner" else { return imports }
        let suspects = impurities.filter(file.code.words.contains)
        return imports + (suspects.isEmpty ? [] : impureFindings(suspects, code, path: file.path))
    }

    private static func impureFindings(_ suspects: [String], _ code: [String], path: String) -> [Finding] {
        code.enumerated().flatMap { index, line in
            let words = Set(line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
            return suspects.filter(words.contains).map {
                Finding(path: path, line: index + 1, message: "the planner is pure: no \($0); take it as an input")
            }
        }
    }

    private static func importedModule(_ line: String) -> String? {
        guard line.contains("import ") else { return nil }
        let modifiers: Set<Substring> = ["public", "package", "internal", "private", "fileprivate"]
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let words = line.split(separator: " ").drop { modifiers.contains($0) || $0.hasPrefix("@") }
        guard words.first == "import" else { return nil }
        let module = words.dropFirst().drop { kinds.contains($0) }.first
        return module?.split(separator: ".").first.map(String.init)
    }
}
