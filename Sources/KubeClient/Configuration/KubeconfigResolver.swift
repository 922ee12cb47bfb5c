import KubeCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Turns one context of a kubeconfig into a configuration; every error says where, what, and what would be right.
struct KubeconfigResolver {
    var config: MergedKubeconfig

    private var place: String { "kubeconfig \(config.files.joined(separator: ", "))" }

    func resolve(context wanted: String?) throws(KubeError) -> ClusterConfiguration {
        guard let name = wanted ?? config.currentContext else {
            throw fault("no current-context is set and no context is named; \(known("contexts", config.contexts))")
        }
        guard let context = config.contexts[name] else {
            throw fault("context \"\(name)\" is not defined; \(known("contexts", config.contexts))")
        }
        let clusterName = context.content.cluster ?? ""
        guard let cluster = config.clusters[clusterName] else {
            throw fault(
                "context \"\(name)\" names cluster \"\(clusterName)\", which is not defined; "
                    + known("clusters", config.clusters)
            )
        }
        var result = try resolve(cluster, named: clusterName)
        result.namespace = context.content.namespace.flatMap { $0.isEmpty ? nil : $0 }
        if let userName = context.content.user, !userName.isEmpty {
            guard let user = config.users[userName] else {
                throw fault(
                    "context \"\(name)\" names user \"\(userName)\", which is not defined; "
                        + known("users", config.users)
                )
            }
            try resolve(user, named: userName, in: cluster.content, into: &result)
        }
        return result
    }

    private func resolve(
        _ cluster: MergedKubeconfig.Definition<Kubeconfig.Cluster>,
        named name: String
    ) throws(KubeError) -> ClusterConfiguration {
        let place = "kubeconfig \(cluster.file): cluster \"\(name)\""
        guard let server = cluster.content.server, !server.isEmpty else {
            throw KubeError(.configuration, "\(place): server is missing; it should be like https://10.0.0.1:6443")
        }
        do throws(KubeError) {
            _ = try ServerAddress(server)
        } catch {
            throw KubeError(.configuration, "\(place): \(error.message)")
        }
        let proxy: ProxyAddress?
        do throws(KubeError) {
            let text = cluster.content.proxyURL?.exposed ?? ""
            proxy = text.isEmpty ? nil : try ProxyAddress(text)
        } catch {
            throw KubeError(.configuration, "\(place): \(error.message)")
        }
        let authority = try pem(
            file: cluster.content.certificateAuthority,
            data: cluster.content.certificateAuthorityData,
            field: "certificate-authority",
            in: cluster.file,
            place
        )
        let isInsecure = cluster.content.insecureSkipTLSVerify ?? false
        if isInsecure, authority != nil {
            throw KubeError(
                .configuration,
                "\(place): insecure-skip-tls-verify and a certificate-authority exclude each other; remove one"
            )
        }
        return ClusterConfiguration(
            server: server,
            certificateAuthority: authority,
            tlsServerName: cluster.content.tlsServerName.flatMap { $0.isEmpty ? nil : $0 },
            isInsecure: isInsecure,
            proxy: proxy
        )
    }

    private func resolve(
        _ user: MergedKubeconfig.Definition<Kubeconfig.User>,
        named name: String,
        in cluster: Kubeconfig.Cluster,
        into result: inout ClusterConfiguration
    ) throws(KubeError) {
        let place = "kubeconfig \(user.file): user \"\(name)\""
        if let field = user.content.unsupported.first {
            throw KubeError(.configuration, "\(place): \(field) is not supported; \(Self.instead(of: field))")
        }
        result.clientCertificate = try clientCertificate(user.content, in: user.file, place)
        // The file wins over the value, as in client-go: the value is a copy that grows old.
        if let file = user.content.tokenFile, !file.isEmpty {
            result.token = .file(absolute(file, in: user.file))
        } else if let token = user.content.token, !token.exposed.isEmpty {
            result.token = .value(token)
        }
        result.execPlugin = try user.content.exec.map { exec throws(KubeError) in
            try plugin(exec, cluster, in: user.file, place)
        }
    }

    private static func instead(of field: String) -> String {
        switch field {
        case "auth-provider":
            "kubectl 1.26 removed it too: use exec with your provider's plugin, such as gke-gcloud-auth-plugin, "
                + "kubelogin or aws"
        case "username", "password":
            "Kubernetes 1.19 removed it: use a token, tokenFile, a client certificate or exec"
        default: "use a token, tokenFile, a client certificate or exec of the user that is meant"
        }
    }

    private func clientCertificate(
        _ user: Kubeconfig.User,
        in file: String,
        _ place: String
    ) throws(KubeError) -> ClusterConfiguration.ClientCertificate? {
        let certificate = try pem(
            file: user.clientCertificate,
            data: user.clientCertificateData,
            field: "client-certificate",
            in: file,
            place
        )
        let key = try pem(
            file: user.clientKey,
            data: user.clientKeyData?.exposed,
            field: "client-key",
            in: file,
            place
        )
        switch (certificate, key) {
        case (nil, nil): return nil
        case (let certificate?, let key?): return .init(certificate: certificate, key: key)
        case (nil, _): throw KubeError(.configuration, "\(place): client-key is set and client-certificate is missing")
        case (_, nil): throw KubeError(.configuration, "\(place): client-certificate is set and client-key is missing")
        }
    }

    /// Data wins over a file, as in client-go.
    private func pem(
        file path: String?,
        data: String?,
        field: String,
        in file: String,
        _ place: String
    ) throws(KubeError) -> PEMSource? {
        if let data, !data.isEmpty {
            let begin = Array("-----BEGIN".utf8)
            guard let decoded = Data(base64Encoded: data, options: .ignoreUnknownCharacters),
                [UInt8](decoded).firstRange(of: begin) != nil
            else {
                throw KubeError(.configuration, "\(place): \(field)-data is not PEM text in base64")
            }
            return .data([UInt8](decoded))
        }
        guard let path, !path.isEmpty else { return nil }
        return .file(absolute(path, in: file))
    }

    func absolute(_ path: String, in file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    private func fault(_ message: String) -> KubeError {
        KubeError(.configuration, "\(place): \(message)")
    }

    private func known<Content>(_ what: String, _ entries: [String: Content]) -> String {
        entries.isEmpty ? "there are no \(what)" : "\(what): \(entries.keys.sorted().joined(separator: ", "))"
    }
}
