/// What a node's running service was started with, as far as a mirror's health depends on it.
///
/// Read from the annotations `<prog>.io/node-args` (arguments of the running process, configuration files included)
/// and `<prog>.io/node-env` (k3s `pkg/nodeconfig/nodeconfig.go`). All other values, tokens among them, are dropped
/// here: k3s masks `--token X` but let `-t=X` through until 2026 (k3s-io/k3s#14347).
package struct NodeArguments: Hashable, Sendable {
    /// Why the annotations tell nothing.
    package struct Unreadable: Error, Hashable, Sendable {
        /// The annotation at fault.
        package var annotation: String
        /// A sentence that never quotes the annotation's value.
        package var message: String

        package init(annotation: String, message: String) {
            self.annotation = annotation
            self.message = message
        }
    }

    /// The URL that the service joins; nil where none is set or an empty one overrides it.
    package var server: String?
    /// `--embedded-registry`.
    package var enablesEmbeddedRegistry = false
    /// `--disable-etcd`: such a server finds etcd by its `server:`, and RKE2 takes another datastore without one.
    package var disablesEtcd = false
    /// `--disable-apiserver`: such a server finds the API by its `server:`.
    package var disablesAPIServer = false
    /// A datastore other than embedded etcd.
    package var usesExternalDatastore = false
    /// `--debug`: the service logs every question for peers.
    package var enablesDebug = false
    /// Hosts of `--tls-san` in normal form: names and addresses for which the server has a certificate beside its own.
    package var certificateHosts: Set<String> = []

    package init(server: String? = nil) {
        self.server = server
    }

    /// Reads a node's annotations.
    ///
    /// - Throws: `Unreadable` where the arguments are absent or are no JSON array of strings.
    package init(annotations: [String: String], distribution: RancherDistribution) throws(Unreadable) {
        let name = distribution.argumentsAnnotation
        guard let text = annotations[name] else {
            throw Unreadable(annotation: name, message: "it has no annotation \(name)")
        }
        guard let arguments = JSONStrings.array(text) else {
            throw Unreadable(annotation: name, message: "its annotation \(name) is no JSON array of strings")
        }
        let hasServerFlag = read(arguments)
        guard let environment = annotations[distribution.environmentAnnotation] else { return }
        guard let variables = JSONStrings.object(environment) else {
            let name = distribution.environmentAnnotation
            throw Unreadable(annotation: name, message: "its annotation \(name) is no JSON object of strings")
        }
        for variable in variables where !variable.value.isEmpty {
            if variable.key == distribution.serverVariable, !hasServerFlag { server = variable.value }
            if variable.key == distribution.datastoreVariable { usesExternalDatastore = true }
        }
    }

    /// Takes in the arguments in their order, so that the last of several wins; answers whether there was a `--server`.
    private mutating func read(_ arguments: [String]) -> Bool {
        var hasServerFlag = false
        for (index, argument) in arguments.enumerated() where argument.utf8.first == Flag.dash {
            let flag = Flag(argument)
            let next = index + 1 < arguments.count ? arguments[index + 1] : nil
            switch flag.name {
            case "server", "s":
                let value = flag.value ?? next ?? ""
                server = value.isEmpty ? nil : value
                hasServerFlag = true
            case "datastore-endpoint": usesExternalDatastore = !(flag.value ?? next ?? "").isEmpty
            case "embedded-registry": enablesEmbeddedRegistry = flag.isOn(next: next)
            case "disable-etcd": disablesEtcd = flag.isOn(next: next)
            case "disable-apiserver": disablesAPIServer = flag.isOn(next: next)
            case "debug": enablesDebug = flag.isOn(next: next)
            case "tls-san":
                let hosts = (flag.value ?? next ?? "").split(separator: ",")
                certificateHosts.formUnion(hosts.map { ServerURL.normalizedHost(String($0)) })
            default: break
            }
        }
        return hasServerFlag
    }
}

/// One element of the arguments that begins with a dash. One dash or two mean the same (Go's `flag` package).
struct Flag {
    static let dash = UInt8(ascii: "-")
    /// Without dashes.
    var name: Substring
    /// What follows `=`; nil where there is none.
    var value: String?

    init(_ argument: String) {
        var rest = argument[...]
        if rest.utf8.first == Self.dash { rest.removeFirst() }
        if rest.utf8.first == Self.dash { rest.removeFirst() }
        guard let equals = rest.utf8.firstIndex(of: UInt8(ascii: "=")) else {
            name = rest
            return
        }
        name = rest[..<equals]
        value = String(rest[rest.utf8.index(after: equals)...])
    }

    /// A boolean flag: bare, with `=VALUE`, or followed by its value, as k3s splits `--flag=value` in its annotation.
    func isOn(next: String?) -> Bool {
        switch value ?? next {
        case "false", "0", "f", "F", "FALSE", "False": false
        case "true", "1", "t", "T", "TRUE", "True": true
        // What follows is another flag, so this one is bare; after `=` it would be no boolean at all.
        default: value == nil
        }
    }
}
