import KubeCore

/// The part of a kubeconfig file that decides how to reach a server; unknown fields are passed over, as kubectl does.
struct Kubeconfig: Decodable {
    struct Named<Content: Decodable> {
        var name: String
        var content: Content
    }

    struct Cluster: Decodable {
        var server: String?
        var tlsServerName: String?
        var insecureSkipTLSVerify: Bool?
        var certificateAuthority: String?
        var certificateAuthorityData: String?
        var proxyURL: String?

        enum CodingKeys: String, CodingKey {
            case server
            case tlsServerName = "tls-server-name"
            case insecureSkipTLSVerify = "insecure-skip-tls-verify"
            case certificateAuthority = "certificate-authority"
            case certificateAuthorityData = "certificate-authority-data"
            case proxyURL = "proxy-url"
        }
    }

    struct Context: Decodable {
        var cluster: String?
        var user: String?
        var namespace: String?
    }

    struct User: Decodable {
        var clientCertificate: String?
        var clientCertificateData: String?
        var clientKey: String?
        var clientKeyData: Secret?
        var token: Secret?
        var tokenFile: String?
        /// Fields that change who asks and that this release does not carry out: to pass over one would be to ask as
        /// somebody else.
        var unsupported: [String]

        enum CodingKeys: String, CodingKey, CaseIterable {
            case clientCertificate = "client-certificate"
            case clientCertificateData = "client-certificate-data"
            case clientKey = "client-key"
            case clientKeyData = "client-key-data"
            case token
            case tokenFile
            case exec
            case authProvider = "auth-provider"
            case username
            case password
            case impersonate = "as"
            case impersonateUID = "as-uid"
            case impersonateGroups = "as-groups"
            case impersonateExtra = "as-user-extra"
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            clientCertificate = try fields.decodeIfPresent(String.self, forKey: .clientCertificate)
            clientCertificateData = try fields.decodeIfPresent(String.self, forKey: .clientCertificateData)
            clientKey = try fields.decodeIfPresent(String.self, forKey: .clientKey)
            clientKeyData = try fields.decodeIfPresent(String.self, forKey: .clientKeyData).map { Secret($0) }
            token = try fields.decodeIfPresent(String.self, forKey: .token).map { Secret($0) }
            tokenFile = try fields.decodeIfPresent(String.self, forKey: .tokenFile)
            let refused: [CodingKeys] = [
                .exec, .authProvider, .username, .password, .impersonate, .impersonateUID, .impersonateGroups,
                .impersonateExtra,
            ]
            unsupported = refused.filter { key in
                fields.contains(key) && (try? fields.decodeNil(forKey: key)) == false
            }.map(\.rawValue)
        }
    }

    var currentContext: String?
    var clusters: [Named<Cluster>]?
    var contexts: [Named<Context>]?
    var users: [Named<User>]?

    enum CodingKeys: String, CodingKey {
        case currentContext = "current-context"
        case clusters
        case contexts
        case users
    }
}

extension Kubeconfig.Named: Decodable {
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        name = try fields.decode(String.self, forKey: Key(stringValue: "name"))
        let field: String
        switch Content.self {
        case is Kubeconfig.Cluster.Type: field = "cluster"
        case is Kubeconfig.Context.Type: field = "context"
        default: field = "user"
        }
        content = try fields.decode(Content.self, forKey: Key(stringValue: field))
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

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
