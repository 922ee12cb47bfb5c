package import KubeCore
package import MirrorPlanner

/// All arguments of a node's running service, to tell what a restart would change. Values stay in here: they may hold
/// secrets, and only names of keys come out.
package struct RunningArguments {
    private let text: String

    /// Nil where the Node says nothing that can be read.
    package init?(node: Node, distribution: RancherDistribution) {
        guard let text = node.metadata.annotations[distribution.argumentsAnnotation],
            ServiceArguments(json: text) != nil
        else { return nil }
        self.text = text
    }

    /// What is known beside the arguments of what a restart would change.
    package struct Evidence: Hashable, Sendable {
        /// What of the files becomes an argument; nil where all counts.
        package var filter: ConfigurationFilter?
        /// Files that nobody has touched since the service was started.
        package var untouched: Set<String>
        /// Whether no file can have been taken away since then, as far as the directories tell.
        package var isComplete: Bool

        package init(filter: ConfigurationFilter? = nil, untouched: Set<String> = [], isComplete: Bool = false) {
            self.filter = filter
            self.untouched = untouched
            self.isComplete = isComplete
        }

        /// Whether the service was started with what the files say of a key now: none of them is newer than its start.
        /// One that had it too and is gone would show in a value that is there and differs.
        fileprivate func isInForce(_ entry: MergedConfiguration.Entry, running values: [String]) -> Bool {
            entry.sources.isSubset(of: untouched) && (values.isEmpty || isComplete)
        }
    }

    /// Keys that the files hold otherwise than the service was started with.
    ///
    /// The service's arguments are those of the files, then those of its command line (k3s
    /// `pkg/configfilearg/parser.go`, `Parse`). A key of the files is pending unless its values come first among those
    /// of the service, the program drops it, or its files are older than the service's start. A key of the service that
    /// no file has is pending where it stands before one of a file; after them all it may be of the command line.
    /// Secrets are masked in the annotation, so that only their presence is compared.
    package func pendingChanges(
        _ configuration: MergedConfiguration,
        ignoring ignored: Set<String>,
        _ evidence: Evidence = Evidence()
    ) -> [String] {
        let running = pairs(configuration)
        var pending: [String] = []
        for entry in configuration.entries where !ignored.contains(entry.key) {
            guard evidence.filter?.fate(of: entry.key) != .dropped else { continue }
            let values = running.filter { $0.key == entry.key }.map(\.value)
            let isSame =
                Self.isSecret(entry.key)
                ? values.isEmpty == entry.values.isEmpty
                : values.starts(with: entry.values)
            if !isSame, !evidence.isInForce(entry, running: values) { pending.append(entry.key) }
        }
        let isUntouched = configuration.entries.allSatisfy { $0.sources.isSubset(of: evidence.untouched) }
        guard !isUntouched || !evidence.isComplete else { return pending.sorted() }
        let known = Set(configuration.entries.map(\.key))
        let lastOfFiles = lastIndex(ofFiles: configuration, in: running)
        for (index, pair) in running.enumerated() where index < lastOfFiles {
            guard !known.contains(pair.key), !ignored.contains(pair.key), !pending.contains(pair.key) else { continue }
            pending.append(pair.key)
        }
        return pending.sorted()
    }

    /// The last value of `--server`; nil where there is none, empty where an empty one stands last.
    func server(_ configuration: MergedConfiguration) -> String? {
        pairs(configuration).last { $0.key == "server" || $0.key == "s" }?.value
    }

    /// The last value of a key.
    func value(of key: String, _ configuration: MergedConfiguration) -> String? {
        pairs(configuration).last { $0.key == key }?.value
    }

    private typealias Pair = (key: String, value: String)

    /// Since a value may begin with dashes, too (`kubelet-arg: --v=2`), what follows a key is its value where a file
    /// says so.
    private func pairs(_ configuration: MergedConfiguration) -> [Pair] {
        let arguments = ServiceArguments(json: text) { element, key in
            (configuration.values(of: key) ?? []).contains(element)
        }
        return (arguments?.flags ?? []).map { ($0.name, $0.value ?? "true") }
    }

    /// Index of the last argument that comes from the files: their arguments are found one after the other.
    private func lastIndex(ofFiles configuration: MergedConfiguration, in running: [Pair]) -> Int {
        var next = 0
        var last = -1
        for entry in configuration.entries {
            for value in entry.values {
                let found = running.indices.dropFirst(next).first { index in
                    running[index].key == entry.key && (running[index].value == value || Self.isSecret(entry.key))
                }
                guard let found else { continue }
                last = found
                next = found + 1
            }
        }
        return last
    }

    /// Keys whose values k3s masks (`pkg/nodeconfig/nodeconfig.go`, `isSecret`), and what may follow them there.
    private static func isSecret(_ key: String) -> Bool {
        let words = ["token", "secret", "password", "access-key", "datastore-endpoint"]
        return key == "t" || words.contains { key.contains($0) }
    }
}
