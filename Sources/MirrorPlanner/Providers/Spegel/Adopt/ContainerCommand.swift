import KubeCore

/// What one container of a pod template is started with, read as Spegel reads it.
///
/// Spegel's flags are those of alexflint/go-arg (`parse.go`): `--flag=value`, or `--flag value value` up to the next
/// flag where it takes several; the last one counts, and one or two hyphens mean the same. Where a flag is absent its
/// environment variable counts, whose several values are separated by commas.
struct ContainerCommand {
    /// Where a value of the node stands in for a reference to the environment.
    static let nodeAddress = "\u{0}node"

    let name: String
    /// The first word, such as `configuration`; nil where it is a flag, as in charts before v0.0.6.
    let subcommand: String?
    private let container: JSONValue
    private let flags: [String: [String]]
    private let environment: [String: String]

    init(_ container: JSONValue) {
        self.container = container
        name = container["name"]?.stringValue ?? ""
        environment = Self.environment(container)
        let written = (container["command"]?.arrayValue ?? []) + (container["args"]?.arrayValue ?? [])
        let words = written.compactMap(\.stringValue).map { [environment] in Self.expand($0, environment) }
        var flags: [String: [String]] = [:]
        var current: String?
        var first: String?
        for word in words {
            let bare = word.drop { $0 == "-" }
            guard !word.hasPrefix("-") || bare.isEmpty else {
                let parts = bare.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                // What follows `--flag=value` is no value of it.
                current = parts.count == 1 ? parts[0] : nil
                flags[parts[0]] = parts.count == 1 ? [] : [parts[1]]
                continue
            }
            if let flag = current {
                flags[flag, default: []].append(word)
                if !Self.severalValued.contains(flag) { current = nil }
            } else if Self.subcommands.contains(word) {
                first = first ?? word
            }
        }
        self.flags = flags
        subcommand = first
    }

    private static let subcommands: Set<String> = ["configuration", "registry", "cleanup", "cleanup-wait", "version"]
    private static let severalValued: Set<String> = [
        "mirrored-registries", "registries", "mirror-registries", "mirror-targets", "registry-filters",
        "static-bootstrap-peers",
    ]

    /// The values of the first of these flags that is given, on the command line or in the environment; nil where none
    /// is.
    func values(_ names: String...) -> [String]? {
        for name in names { if let values = flags[name] { return values.filter { !$0.isEmpty } } }
        for name in names {
            let variable = name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
            guard let text = environment[variable], !text.isEmpty else { continue }
            return text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        }
        return nil
    }

    /// The one value of a flag.
    func value(_ name: String) -> String? { values(name)?.first }

    /// The port at the end of an address such as `:5000`.
    func port(_ name: String) -> Int? {
        value(name)?.split(separator: ":", omittingEmptySubsequences: false).last.flatMap { Self.port(Int($0)) }
    }

    /// The port of the container with one of these names.
    func containerPort(_ names: String...) -> Int? {
        let ports = container["ports"]?.arrayValue ?? []
        let found = names.lazy.compactMap { name in ports.first { $0["name"]?.stringValue == name } }.first
        return Self.port(found?["containerPort"]?.intValue.map(Int.init))
    }

    /// What its readiness probe asks by HTTP.
    var readiness: (path: String, port: Int)? {
        guard let get = container[path: "readinessProbe", "httpGet"], let path = get["path"]?.stringValue else {
            return nil
        }
        let number = get["port"]?.intValue.map(Int.init)
        guard let port = Self.port(number) ?? get["port"]?.stringValue.flatMap({ containerPort($0) }) else {
            return nil
        }
        return (path, port)
    }

    /// The volume that is mounted at a path of the container, and what of that path is below it.
    func mount(of path: String) -> (volume: String, rest: String)? {
        let mounts = (container["volumeMounts"]?.arrayValue ?? []).compactMap { mount -> (String, String)? in
            guard let place = mount["mountPath"]?.stringValue, let volume = mount["name"]?.stringValue else {
                return nil
            }
            return (ContainerdPath.clean(place), volume)
        }
        let holding = mounts.filter { $0.0 != "/" && ContainerdPath.isInside(path, $0.0) }
        guard let deepest = holding.max(by: { $0.0.count < $1.0.count }) else { return nil }
        return (deepest.1, String(path.dropFirst(deepest.0.count)))
    }

    private static func port(_ number: Int?) -> Int? { number.flatMap { (1...65_535).contains($0) ? $0 : nil } }

    /// Whether a text is the value of an environment variable that is written out.
    func isLiteral(_ text: String) -> Bool { !text.isEmpty && environment.values.contains(text) }

    // MARK: The environment

    /// Variables with their values; those that are addresses of the node with a word for it.
    private static func environment(_ container: JSONValue) -> [String: String] {
        var known: [String: String] = [:]
        for variable in container["env"]?.arrayValue ?? [] {
            guard let name = variable["name"]?.stringValue else { continue }
            switch variable[path: "valueFrom", "fieldRef", "fieldPath"]?.stringValue {
            case "status.hostIP", "status.hostIPs", "spec.nodeName": known[name] = nodeAddress
            case nil where variable["valueFrom"] == nil:
                known[name] = expand(variable["value"]?.stringValue ?? "", known)
            default: continue
            }
        }
        return known
    }

    /// `$(NAME)` with the value, where there is one, and `$$` as one `$` (kubernetes
    /// `third_party/forked/golang/expansion/expand.go`).
    static func expand(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                result += "$"
                rest = rest.dropFirst()
            } else if rest.first == "(", let end = rest.firstIndex(of: ")"),
                let value = values[String(rest[rest.index(after: rest.startIndex)..<end])]
            {
                result += value
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
            }
        }
        return result + rest
    }
}
