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
        guard let arguments = ServiceArguments(json: text) else {
            throw Unreadable(annotation: name, message: "its annotation \(name) is no JSON array of strings")
        }
        let hasServerFlag = read(arguments.globalFlags + arguments.flags)
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
    private mutating func read(_ flags: [ServiceArguments.Flag]) -> Bool {
        var hasServerFlag = false
        for flag in flags {
            let value = flag.value ?? ""
            switch flag.name {
            case "server", "s":
                server = value.isEmpty ? nil : value
                hasServerFlag = true
            case "datastore-endpoint": usesExternalDatastore = !value.isEmpty
            case "embedded-registry": enablesEmbeddedRegistry = flag.isOn
            case "disable-etcd": disablesEtcd = flag.isOn
            case "disable-apiserver": disablesAPIServer = flag.isOn
            case "debug": enablesDebug = flag.isOn
            case "tls-san":
                certificateHosts.formUnion(value.split(separator: ",").map { ServerURL.normalizedHost(String($0)) })
            default: break
            }
        }
        return hasServerFlag
    }
}
