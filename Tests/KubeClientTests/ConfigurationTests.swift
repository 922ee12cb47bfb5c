import KubeClient
import KubeCore
import Testing

@Suite("Finding the cluster")
struct ConfigurationTests {
    private static let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    /// The text above in base64.
    private static let data = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

    private static let full = """
        apiVersion: v1
        kind: Config
        current-context: one
        preferences: {}
        clusters:
        - name: a
          cluster:
            server: https://10.0.0.1:6443
            certificate-authority: certs/ca.crt
            tls-server-name: api.test
        - name: b
          cluster: {server: "https://b", certificate-authority-data: \(data)}
        contexts:
        - name: one
          context: {cluster: a, user: alice, namespace: team}
        - name: two
          context: {cluster: b, user: bob}
        users:
        - name: alice
          user: {client-certificate: certs/alice.crt, client-key: /keys/alice.key}
        - name: bob
          user: {client-certificate-data: \(data), client-key-data: \(data), token: abc, tokenFile: bob.token}
        """

    private static let pod = [
        "/var/run/secrets/kubernetes.io/serviceaccount/token": "t",
        "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt": pem,
        "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "p2pmirror-system\n",
    ]

    private static func load(
        _ files: [String: String],
        explicit: String? = nil,
        context: String? = nil,
        _ environment: [String: String] = [:]
    ) throws(KubeError) -> ClusterConfiguration {
        try ClusterConfiguration.load(
            explicitKubeconfig: explicit,
            context: context,
            environment: environment,
            files: MemoryFiles(files)
        )
    }

    @Test("The current context is resolved, with paths relative to their file")
    func currentContext() throws {
        let expected = ClusterConfiguration(
            server: "https://10.0.0.1:6443",
            certificateAuthority: .file("/home/me/certs/ca.crt"),
            tlsServerName: "api.test",
            clientCertificate: .init(certificate: .file("/home/me/certs/alice.crt"), key: .file("/keys/alice.key")),
            namespace: "team"
        )
        #expect(try Self.load(["/home/me/config": Self.full], explicit: "/home/me/config") == expected)
        let relative = try Self.load(["config": Self.full], explicit: "config")
        #expect(relative.certificateAuthority == .file("certs/ca.crt"))
    }

    @Test("Another context may be named; data are decoded, and a token file wins over a token")
    func namedContext() throws {
        let pem = PEMSource.data(Array(Self.pem.utf8))
        let expected = ClusterConfiguration(
            server: "https://b",
            certificateAuthority: pem,
            clientCertificate: .init(certificate: pem, key: pem),
            token: .file("/k/bob.token")
        )
        #expect(try Self.load(["/k/config": Self.full], explicit: "/k/config", context: "two") == expected)
    }

    @Test("Where the configuration comes from")
    func precedence() throws {
        func named(_ server: String) -> String {
            """
            current-context: x
            clusters: [{name: c, cluster: {server: "\(server)"}}]
            contexts: [{name: x, context: {cluster: c}}]
            """
        }
        var files = Self.pod
        files["/e"] = named("https://explicit")
        files["/v"] = named("https://variable")
        files["/home/.kube/config"] = named("https://home")
        let all = [
            "KUBECONFIG": "/v", "HOME": "/home", "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443",
        ]
        #expect(try Self.load(files, explicit: "/e", all).server == "https://explicit")
        #expect(try Self.load(files, all).server == "https://variable")
        var environment = all
        environment["KUBECONFIG"] = ""
        #expect(try Self.load(files, environment).server == "https://home")
        let inCluster = ClusterConfiguration(
            server: "https://[fd00::1]:443",
            certificateAuthority: .file("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"),
            token: .file("/var/run/secrets/kubernetes.io/serviceaccount/token"),
            namespace: "p2pmirror-system"
        )
        #expect(try Self.load(Self.pod, environment) == inCluster)
        environment["HOME"] = nil
        environment["KUBERNETES_SERVICE_HOST"] = "10.96.0.1"
        #expect(try Self.load(files, environment).server == "https://10.96.0.1:443")
    }

    @Test("Several files are one, of which the first definition holds and missing ones are passed over")
    func merging() throws {
        let files = [
            "/a/config": """
            current-context: x
            clusters: [{name: c, cluster: {server: "https://first", certificate-authority: ca.crt}}]
            """,
            "/b/config": """
            current-context: other
            clusters: [{name: c, cluster: {server: "https://second"}}]
            contexts: [{name: x, context: {cluster: c, user: u}}]
            users: [{name: u, user: {tokenFile: token}}]
            """,
            "/empty": "# nothing\n",
        ]
        let expected = ClusterConfiguration(
            server: "https://first",
            certificateAuthority: .file("/a/ca.crt"),
            token: .file("/b/token")
        )
        #expect(try Self.load(files, ["KUBECONFIG": "/missing:/empty:/a/config::/b/config"]) == expected)
    }

    private static func config(cluster: String = "{server: \"https://a\"}", user: String = "{}") -> String {
        """
        current-context: x
        clusters: [{name: c, cluster: \(cluster)}]
        contexts: [{name: x, context: {cluster: c, user: u}}, {name: broken, context: {cluster: gone}},
                   {name: nobody, context: {cluster: c, user: gone}}]
        users: [{name: u, user: \(user)}]
        """
    }

    static let faults: [(config: String, context: String?, message: String)] = [
        (config(), "z", "kubeconfig /k: context \"z\" is not defined; contexts: broken, nobody, x"),
        (
            config(), "broken",
            "kubeconfig /k: context \"broken\" names cluster \"gone\", which is not defined; clusters: c"
        ),
        (config(), "nobody", "kubeconfig /k: context \"nobody\" names user \"gone\", which is not defined; users: u"),
        (
            "clusters: []\n", nil,
            "kubeconfig /k: no current-context is set and no context is named; there are no contexts"
        ),
        ("", nil, "kubeconfig /k: no current-context is set and no context is named; there are no contexts"),
        (config(cluster: "{}"), nil, "cluster \"c\": server is missing; it should be like https://10.0.0.1:6443"),
        (config(cluster: "{server: a:6443}"), nil, "cluster \"c\": the server's URL \"a:6443\" has no scheme"),
        (
            config(cluster: "{server: \"https://a\", proxy-url: \"ftp://p\"}"), nil,
            "cluster \"c\": proxy-url cannot be used: its scheme is none of http, https and socks5"
        ),
        (
            config(cluster: "{server: \"https://a\", insecure-skip-tls-verify: true, certificate-authority: x}"), nil,
            "insecure-skip-tls-verify and a certificate-authority exclude each other; remove one"
        ),
        (
            config(cluster: "{server: \"https://a\", certificate-authority-data: \"?\"}"), nil,
            "cluster \"c\": certificate-authority-data is not PEM text in base64"
        ),
        (config(user: "{auth-provider: {name: gcp}}"), nil, "user \"u\": auth-provider is not supported; kubectl 1.26"),
        (config(user: "{username: me, password: p}"), nil, "user \"u\": username is not supported; Kubernetes 1.19"),
        (config(user: "{as: admin}"), nil, "user \"u\": as is not supported"),
        (config(user: "{client-key: k}"), nil, "user \"u\": client-key is set and client-certificate is missing"),
        (
            config(user: "{client-certificate: k}"), nil,
            "user \"u\": client-certificate is set and client-key is missing"
        ),
        (config(user: "{client-certificate: [1]}"), nil, "kubeconfig /k: Kubeconfig could not be read: users[0].user"),
        ("a: [\n", nil, "kubeconfig /k: line 2, column 1: "),
        ("<unreadable>", nil, "/k cannot be read: Permission denied"),
    ]

    @Test("A fault names the file, the entry and what would be right", arguments: faults)
    func fault(fault: (config: String, context: String?, message: String)) {
        let error = #expect(throws: KubeError.self) {
            try Self.load(["/k": fault.config], explicit: "/k", context: fault.context)
        }
        #expect(error?.code == .configuration || error?.code == .decoding)
        #expect(error?.message.contains(fault.message) == true, "\(error?.message ?? "")")
    }

    @Test("A file that is named must exist; a pod needs its service account; else it is said what is missing")
    func missing() {
        let named = #expect(throws: KubeError.self) { try Self.load([:], explicit: "/k") }
        #expect(named?.message == "kubeconfig /k: there is no such file")
        let listed = #expect(throws: KubeError.self) { try Self.load([:], ["KUBECONFIG": "/a:/b"]) }
        #expect(listed?.message == "kubeconfig /a, /b: there is no such file")
        let nothing = #expect(throws: KubeError.self) { try Self.load([:], ["HOME": "/home"]) }
        #expect(nothing?.message.hasPrefix("no API server is configured: ") == true)
        let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let pod = #expect(throws: KubeError.self) { try Self.load([:], environment) }
        #expect(pod?.message.contains("serviceaccount/token is missing") == true)
    }

    @Test("The files of this machine: present, missing, and no file at all")
    func systemFiles() throws {
        #expect(try SystemFiles().contents(of: "/proc/self/comm")?.isEmpty == false)
        #expect(try SystemFiles().contents(of: "/nowhere/at/all") == nil)
        let error = #expect(throws: KubeError.self) { try SystemFiles().contents(of: "/proc") }
        #expect(error?.message == "/proc cannot be read: Is a directory")
    }
}

@Suite("Addresses of servers")
struct ServerAddressTests {
    @Test(
        "The parts of a URL",
        arguments: [
            ("https://a", "https://a:443", ""), ("http://a", "http://a:80", ""),
            ("HTTPS://a:6443/", "https://a:6443", ""),
            ("https://[fd00::1]:6443", "https://[fd00::1]:6443", ""), ("https://[::1]", "https://[::1]:443", ""),
            ("https://r.test/k8s/clusters/c-1/", "https://r.test:443", "/k8s/clusters/c-1"),
        ]
    )
    func parts(text: String, origin: String, path: String) throws {
        let address = try ServerAddress(text)
        #expect("\(address.scheme)://\(address.authority)" == origin)
        #expect(address.basePath == path)
    }

    @Test(
        "What is no URL of a server is refused",
        arguments: [
            "", "a", "a:6443", "ftp://a", "https://", "https://:6443", "https://a:0", "https://a:x", "https://a:65536",
            "https://[::1", "https://fd00::1", "https://u:p@a", "https://a?x=1", "https://a#x", "https://[]:1",
            "https://a b",
        ]
    )
    func refused(text: String) {
        let error = #expect(throws: KubeError.self) { try ServerAddress(text) }
        #expect(error?.code == .configuration)
    }
}
