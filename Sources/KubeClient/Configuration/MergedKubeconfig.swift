/// Several kubeconfig files as one: of two definitions of a name the first one holds, as in kubectl.
struct MergedKubeconfig {
    /// A definition and the file that it stands in, to which its relative paths relate.
    struct Definition<Content> {
        var content: Content
        var file: String
    }

    private(set) var files: [String] = []
    private(set) var currentContext: String?
    private(set) var clusters: [String: Definition<Kubeconfig.Cluster>] = [:]
    private(set) var contexts: [String: Definition<Kubeconfig.Context>] = [:]
    private(set) var users: [String: Definition<Kubeconfig.User>] = [:]

    mutating func add(_ config: Kubeconfig, from file: String) {
        files.append(file)
        if let context = config.currentContext, !context.isEmpty, currentContext == nil { currentContext = context }
        Self.add(config.clusters, from: file, to: &clusters)
        Self.add(config.contexts, from: file, to: &contexts)
        Self.add(config.users, from: file, to: &users)
    }

    private static func add<Content>(
        _ entries: [Kubeconfig.Named<Content>]?,
        from file: String,
        to known: inout [String: Definition<Content>]
    ) {
        for entry in entries ?? [] where known[entry.name] == nil {
            known[entry.name] = Definition(content: entry.content, file: file)
        }
    }
}
