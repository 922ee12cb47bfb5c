/// Where a node's service reads its configuration and keeps its data, as far as flags or variables say so; nil stands
/// for the distribution's own place.
///
/// - `--config`, `-c` or the variable `*_CONFIG_FILE`, which wins over them; drop-ins are in the directory of that name
///   with `.d` (k3s `pkg/configfilearg/parser.go`, `findConfigFileFlag`, `dotDFiles`).
/// - `--private-registry`, which no variable stands in for (k3s `pkg/cli/cmds/agent.go`, `PrivateRegistryFlag`).
/// - `--data-dir`, `-d`, or else the variable `*_DATA_DIR` (k3s `pkg/cli/cmds/server.go`, `DataDirFlag`).
package struct HostPlaces: Codable, Hashable, Sendable {
    package var configFile: String?
    /// The flag or the variable that says so.
    package var configSource: String?
    package var registriesFile: String?
    package var dataDirectory: String?

    package init(
        configFile: String? = nil,
        configSource: String? = nil,
        registriesFile: String? = nil,
        dataDirectory: String? = nil
    ) {
        self.configFile = configFile
        self.configSource = configSource
        self.registriesFile = registriesFile
        self.dataDirectory = dataDirectory
    }

    /// Those of the files that a step may write; nil where they are the usual ones.
    package var ofFiles: HostPlaces? {
        var places = self
        places.dataDirectory = nil
        return places == HostPlaces() ? nil : places
    }

    /// What the annotations of a Node say of its running service.
    ///
    /// - Parameter configuration: what the files say; it stands in where the annotations say nothing at all.
    package init(
        annotations: [String: String],
        distribution: RancherDistribution,
        configuration: MergedConfiguration?
    ) {
        let arguments = annotations[distribution.argumentsAnnotation].flatMap { ServiceArguments(json: $0) }
        let variables = Dictionary(
            (annotations[distribution.environmentAnnotation].flatMap(JSONStrings.object) ?? []).map {
                ($0.key, $0.value)
            },
            uniquingKeysWith: { $1 }
        )
        func value(_ name: String, _ short: String? = nil) -> String? {
            let names = [name, short].compactMap(\.self)
            let ofFiles = names.compactMap { configuration?.value(of: $0) }.last
            let found = arguments.map { $0.value(name, short ?? name) } ?? ofFiles
            return found.flatMap { $0.isEmpty ? nil : $0 }
        }
        let variable = { (name: String) in
            variables["\(distribution.program.uppercased())_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
        }
        // The key `config` of a file is no flag that is looked for.
        let flag = arguments?.value("config", "c")
        let isOfFile = flag != nil && flag == (configuration?.value(of: "config") ?? configuration?.value(of: "c"))
        let file = variable("CONFIG_FILE")
        self.init(
            configFile: file ?? (isOfFile ? nil : flag),
            configSource: file == nil ? "--config" : "\(distribution.program.uppercased())_CONFIG_FILE",
            registriesFile: value("private-registry"),
            dataDirectory: value("data-dir", "d") ?? variable("DATA_DIR").map(Self.withoutRelease)
        )
        if configFile == distribution.configFile { configFile = nil }
        if configFile == nil { configSource = nil }
        if registriesFile == distribution.registriesFile { registriesFile = nil }
        if dataDirectory.map(Self.trimmed) == distribution.dataDirectory { dataDirectory = nil }
    }

    /// K3s unpacks itself into `data/HASH` of its data directory, and hands that on in the variable (k3s
    /// `cmd/k3s/main.go`, `stageAndRun`).
    private static func withoutRelease(_ path: String) -> String {
        let parts = path.split(separator: "/")
        guard path.hasPrefix("/"), parts.count > 2, parts[parts.count - 2] == "data",
            let last = parts.last, last.utf8.count >= 32, last.allSatisfy(\.isHexDigit)
        else { return path }
        return "/" + parts.dropLast(2).joined(separator: "/")
    }

    static func trimmed(_ directory: String) -> String {
        var directory = directory
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        return directory
    }
}
