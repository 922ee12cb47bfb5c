public import KubeCore

extension ClusterConfiguration {
    /// Finds the configuration the way kubectl does.
    ///
    /// In this order: the file that is named; the files of `KUBECONFIG`, of which missing ones are passed over and the
    /// first definition of a name holds; `~/.kube/config`; the service account of the pod that this runs in.
    ///
    /// - Parameters:
    ///   - explicitKubeconfig: a file that somebody named; it must exist.
    ///   - context: context of the kubeconfig; nil for its current one.
    ///   - environment: the process's environment.
    ///   - files: where files are read from.
    /// - Throws: `KubeError` with code `configuration` or `decoding`, which names the file and the entry.
    public static func load(
        explicitKubeconfig: String? = nil,
        context: String? = nil,
        environment: [String: String],
        files: any ConfigurationFiles = PatientFiles(patience: .seconds(10))
    ) throws(KubeError) -> ClusterConfiguration {
        let (paths, isNamed) = kubeconfigPaths(explicitKubeconfig, environment)
        var config = MergedKubeconfig()
        for path in paths {
            guard let bytes = try files.contents(of: path) else { continue }
            config.add(try read(bytes, from: path), from: path)
        }
        if !config.files.isEmpty { return try KubeconfigResolver(config: config).resolve(context: context) }
        if isNamed {
            throw KubeError(.configuration, "kubeconfig \(paths.joined(separator: ", ")): there is no such file")
        }
        return try inCluster(environment: environment, files: files)
    }

    private static func kubeconfigPaths(
        _ explicit: String?,
        _ environment: [String: String]
    ) -> (paths: [String], isNamed: Bool) {
        if let explicit { return ([explicit], true) }
        let listed = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
        if !listed.isEmpty { return (listed, true) }
        guard let home = environment["HOME"], !home.isEmpty else { return ([], false) }
        return ([home + "/.kube/config"], false)
    }

    private static func read(_ bytes: [UInt8], from path: String) throws(KubeError) -> Kubeconfig {
        do throws(KubeError) {
            // An empty file is an empty configuration, which another file of the list may complete.
            guard try !YAMLCoding.documents(bytes).isEmpty else { return Kubeconfig() }
            return try YAMLCoding.decode(Kubeconfig.self, from: bytes)
        } catch {
            throw KubeError(.decoding, "kubeconfig \(path): \(error.message)")
        }
    }

    /// The service account of the pod that this runs in (kubernetes.io/docs/tasks/run-application/access-api-from-pod).
    ///
    /// - Throws: `KubeError` with code `configuration`: this is no pod, or it has no service account token.
    public static func inCluster(
        environment: [String: String],
        files: any ConfigurationFiles = PatientFiles(patience: .seconds(10))
    ) throws(KubeError) -> ClusterConfiguration {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else {
            throw KubeError(
                .configuration,
                "no API server is configured: name a kubeconfig, set KUBECONFIG or write ~/.kube/config; "
                    + "in a pod KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set"
            )
        }
        let folder = "/var/run/secrets/kubernetes.io/serviceaccount"
        for name in ["token", "ca.crt"] where try files.contents(of: "\(folder)/\(name)") == nil {
            throw KubeError(
                .configuration,
                "\(folder)/\(name) is missing: the pod needs a service account with automountServiceAccountToken"
            )
        }
        let namespace = try files.contents(of: "\(folder)/namespace").map {
            String(decoding: $0, as: UTF8.self).filter { !$0.isWhitespace }
        }
        let server = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        _ = try ServerAddress(server)
        return ClusterConfiguration(
            server: server,
            certificateAuthority: .file("\(folder)/ca.crt"),
            token: .file("\(folder)/token"),
            namespace: namespace.flatMap { $0.isEmpty ? nil : $0 }
        )
    }
}
